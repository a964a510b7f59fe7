import { messageTransport } from '../protocol/message-transport';
import type { HostSide, PageSide } from '../protocol/panel';
import { Peer } from '../protocol/peer';

/** What the editor gives to a page, once. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** The extension host as the page sees it. */
export interface Host {
  readonly peer: Peer<PageSide, HostSide>;
  /** What {@link VsCodeApi.setState} kept across a reload. */
  readonly storedState: unknown;
  store(state: object): void;
}

/** Connects to the extension host. To be called once. */
export function connectToHost(): Host {
  const api = acquireVsCodeApi();
  const peer = new Peer<PageSide, HostSide>(
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
