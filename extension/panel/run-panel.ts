import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { messageTransport } from '../../protocol/message-transport';
import type { HostSide, PageSide, PanelAction } from '../../protocol/panel';
import { Peer } from '../../protocol/peer';
import { type Problem, ProblemError } from '../../protocol/problem';
import { readPreview } from '../../run-directory/previews';
import type { Log } from '../log';
import type { Run } from '../runs/run';
import { PanelFeed } from './panel-feed';
import { panelHtml } from './panel-html';

export interface RunPanelMeans {
  readonly extensionUri: vscode.Uri;
  readonly log: Log;
  /** What a button of the page asks for; rejects with the problem if that fails. */
  readonly act: (run: Run, action: PanelAction) => Promise<void>;
  readonly onProblem: (problem: Problem) => void;
}

/** One webview panel that shows one run. Closing it ends nothing but the view. */
export class RunPanel {
  readonly run: Run;
  readonly webviewPanel: vscode.WebviewPanel;
  readonly #feed: PanelFeed;
  readonly #peer: Peer<HostSide, PageSide>;
  readonly #subscriptions: vscode.Disposable[];

  /** @param webviewPanel made by us or restored by the editor, with no listeners and no page yet */
  constructor(run: Run, webviewPanel: vscode.WebviewPanel, means: RunPanelMeans) {
    this.run = run;
    this.webviewPanel = webviewPanel;
    const { webview } = webviewPanel;
    this.#peer = new Peer<HostSide, PageSide>(
      ...messageTransport({
        post: (message) => webview.postMessage(message),
        listen: (receive) => webview.onDidReceiveMessage(receive),
      }),
    );
    this.#feed = new PanelFeed(
      run,
      {
        snapshot: (snapshot, signal) => this.#peer.request('snapshot', snapshot, { signal }),
        update: (update, signal) => this.#peer.request('update', update, { signal }),
      },
      {
        log: means.log,
        onProblem: means.onProblem,
        mayKeepIndex: () => vscode.workspace.isTrusted,
      },
    );
    this.#answer(means);
    this.#subscriptions = [
      webviewPanel.onDidChangeViewState(() => {
        // Hidden, the page is gone; shown again, it is a new one, which reports when it is ready.
        if (!webviewPanel.visible) this.#feed.stop();
      }),
      run.onDidChange(() => {
        if (webviewPanel.title !== run.name) webviewPanel.title = run.name;
      }),
    ];
    webviewPanel.title = run.name;
    webviewPanel.iconPath = vscode.Uri.joinPath(means.extensionUri, 'media', 'icon.png');
    const dist = vscode.Uri.joinPath(means.extensionUri, 'dist');
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    webview.html = panelHtml({
      cspSource: webview.cspSource,
      script: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'panel.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'panel.css')).toString(),
      nonce: randomBytes(16).toString('base64url'),
    });
  }

  dispose(): void {
    this.#feed.stop();
    this.#peer.close();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #answer({ act, log }: RunPanelMeans): void {
    const { run } = this;
    this.#peer.on('ready', () => this.#feed.start());
    this.#peer.on('pageError', ({ message, stack }) => {
      log.error(`The page of ‘${run.name}’: ${stack ?? message}`);
    });
    this.#peer.handle('preview', ({ step }) => {
      const layout = run.manifest.preview;
      if (!layout || !Number.isSafeInteger(step)) {
        throw new ProblemError({
          kind: 'storage',
          message: `There is no preview of step ${step}.`,
        });
      }
      return readPreview(run.directory, step, layout);
    });
    this.#peer.handle('act', async ({ action }) => {
      await act(run, action);
      return null;
    });
  }
}
