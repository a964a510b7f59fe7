import { messageTransport } from '../protocol/message-transport';
import { Peer, type Side } from '../protocol/peer';

/** What the editor gives to a page, once. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** The extension host as a page sees it. */
export interface Host<Page extends Side, Editor extends Side> {
  readonly peer: Peer<Page, Editor>;
  /** What {@link VsCodeApi.setState} kept across a reload. */
  readonly storedState: unknown;
  store(state: object): void;
}

/** Connects to the extension host. To be called once. */
export function connectToHost<Page extends Side, Editor extends Side>(): Host<Page, Editor> {
  const api = acquireVsCodeApi();
  const peer = new Peer<Page, Editor>(
    ...messageTransport({
      post: (message) => {
        api.postMessage(message);
        return true;
      },
      listen: (receive) => {
        const listener = (event: MessageEvent<unknown>) => receive(event.data);
        window.addEventListener('message', listener);
        return { dispose: () => window.removeEventListener('message', listener) };
      },
    }),
  );
  return {
    peer,
    storedState: api.getState(),
    store: (state) => api.setState(state),
  };
}
