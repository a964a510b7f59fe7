import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { messageTransport } from '../../protocol/message-transport';
import { Peer, type Side } from '../../protocol/peer';
import type { Log } from '../log';
import { panelHtml } from './panel-html';

export interface PanelPageMeans {
  readonly extensionUri: vscode.Uri;
  readonly log: Log;
}

/** A page's end of a connection: whatever it is about, it says when it is there, and what it threw. */
interface AnyPageSide extends Side {
  events: {
    ready: Record<string, never>;
    pageError: { readonly message: string; readonly stack?: string };
  };
}

/** A webview panel with a page in it, which may be there before what it is to show. */
export class PanelPage<Host extends Side, Page extends AnyPageSide> {
  readonly webviewPanel: vscode.WebviewPanel;
  readonly peer: Peer<Host, Page>;
  readonly #subscriptions: vscode.Disposable[];
  #isReady = false;
  #onReady: (() => void) | undefined;

  /**
   * @param webviewPanel made by us or restored by the editor, with no listeners and no page yet
   * @param bundle which page: the name of its script and style sheet
   */
  constructor(
    webviewPanel: vscode.WebviewPanel,
    bundle: 'panel' | 'compare',
    { extensionUri, log }: PanelPageMeans,
  ) {
    this.webviewPanel = webviewPanel;
    const { webview } = webviewPanel;
    this.peer = new Peer<Host, Page>(
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
      script: webview.asWebviewUri(vscode.Uri.joinPath(dist, `${bundle}.js`)).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(dist, `${bundle}.css`)).toString(),
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
