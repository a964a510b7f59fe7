/** A `vscode-jsonrpc` transport over `postMessage`, the same at the host's end and the page's. */
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc';

/** What both ends of a webview have in common. */
export interface MessageChannelEnd {
  /** Sends one message. A promise of `false` means that nobody will receive it (a hidden page). */
  post(message: unknown): unknown;
  /** Calls `receive` for each message of the other end until disposed. */
  listen(receive: (message: unknown) => void): Disposable;
}

class ChannelReader extends AbstractMessageReader implements MessageReader {
  readonly #end: MessageChannelEnd;
  #subscription: Disposable | undefined;

  constructor(end: MessageChannelEnd) {
    super();
    this.#end = end;
  }

  listen(callback: DataCallback): Disposable {
    this.#subscription = this.#end.listen((message) => {
      // Other scripts (the editor's own) post here too: only JSON-RPC is ours.
      if (isMessage(message)) callback(message);
    });
    return this.#subscription;
  }

  override dispose(): void {
    this.#subscription?.dispose();
    super.dispose();
  }
}

class ChannelWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #end: MessageChannelEnd;

  constructor(end: MessageChannelEnd) {
    super();
    this.#end = end;
  }

  async write(message: Message): Promise<void> {
    if ((await this.#end.post(message)) === false) {
      throw new Error('The page is not shown, so the message was dropped.');
    }
  }

  end(): void {
    this.fireClose();
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && (value as Message).jsonrpc === '2.0';
}

/** The reader and writer of one end of a webview, to construct a `Peer` from. */
export function messageTransport(end: MessageChannelEnd): [MessageReader, MessageWriter] {
  return [new ChannelReader(end), new ChannelWriter(end)];
}
