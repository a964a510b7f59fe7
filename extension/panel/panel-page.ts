import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { messageTransport } from '../../protocol/message-transport';
import type { HostSide, PageSide } from '../../protocol/panel';
import { Peer } from '../../protocol/peer';
import type { Log } from '../log';
import { panelHtml } from './panel-html';

export interface PanelPageMeans {
  readonly extensionUri: vscode.Uri;
  readonly log: Log;
}

/** A webview panel with the page in it, which may be there before the run that it is to show. */
export class PanelPage {
  readonly webviewPanel: vscode.WebviewPanel;
  readonly peer: Peer<HostSide, PageSide>;
  readonly #subscriptions: vscode.Disposable[];
  #isReady = false;
  #onReady: (() => void) | undefined;

  /** @param webviewPanel made by us or restored by the editor, with no listeners and no page yet */
  constructor(webviewPanel: vscode.WebviewPanel, { extensionUri, log }: PanelPageMeans) {
    this.webviewPanel = webviewPanel;
    const { webview } = webviewPanel;
    this.peer = new Peer<HostSide, PageSide>(
      ...messageTransport({
        post: (message) => webview.postMessage(message),
        listen: (receive) => webview.onDidReceiveMessage(receive),
      }),
    );
    this.peer.on('ready', () => {
      this.#isReady = true;
      this.#onReady?.();
    });
    this.peer.on('pageError', ({ message, stack }) => {
      log.error(`The page of ‘${webviewPanel.title}’: ${stack ?? message}`);
    });
    this.#subscriptions = [
      webviewPanel.onDidChangeViewState(() => {
        // Hidden, the page is gone; shown again, it is a new one, which reports when it is ready.
        if (!webviewPanel.visible) this.#isReady = false;
      }),
    ];
    webviewPanel.iconPath = vscode.Uri.joinPath(extensionUri, 'media', 'icon.png');
    const dist = vscode.Uri.joinPath(extensionUri, 'dist');
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    webview.html = panelHtml({
      cspSource: webview.cspSource,
      script: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'panel.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(dist, 'panel.css')).toString(),
      nonce: randomBytes(16).toString('base64url'),
    });
  }

  /** Calls `listener` each time a page is ready that knows nothing yet; at once if one is. */
  onReady(listener: () => void): void {
    this.#onReady = listener;
    if (this.#isReady) listener();
  }

  dispose(): void {
    this.#onReady = undefined;
    this.peer.close();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
