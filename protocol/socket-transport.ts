/** A `vscode-jsonrpc` transport of binary frames over a local socket, and where those sockets are. */
import { lstatSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
// The `node` entry also installs what the library needs of Node.
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/node';
import { encodeFrame, FrameDecoder } from './frame-codec';
import { endOfPiece, endOfStream, Peer, type Side } from './peer';
import { ProblemError } from './problem';
import type { EditorSide, TrainerSide } from './trainer';

/** What one end allows the other, where it is not to be trusted with its memory. */
export interface TransportLimits {
  /** A larger frame ends the connection. */
  readonly frameBytes: number;
  /** With more than this waiting for the other end to read, nothing more is read from it. */
  readonly pausingBytes: number;
  /** With more than this waiting already, another message ends the connection. */
  readonly waitingBytes: number;
}

class SocketReader extends AbstractMessageReader implements MessageReader {
  readonly #socket: Duplex;
  readonly #limits: TransportLimits | undefined;
  #callback: DataCallback | undefined;
  #reason: Error | undefined;

  constructor(socket: Duplex, limits?: TransportLimits) {
    super();
    this.#socket = socket;
    this.#limits = limits;
    // From the start, because an error event without a listener would end the process.
    socket.on('error', (error) => {
      this.#reason ??= error;
    });
    socket.on('close', () => {
      const end = { jsonrpc: '2.0', method: endOfStream, params: { reason: this.#reason } };
      if (this.#callback) this.#callback(end);
      else this.fireClose();
    });
  }

  listen(callback: DataCallback): Disposable {
    this.#callback = callback;
    const decoder = new FrameDecoder((message) => {
      if (!isMessage(message)) throw new Error('A frame holds no JSON-RPC message.');
      this.#callback?.(message);
    }, this.#limits?.frameBytes);
    this.#socket.on('data', (chunk: Uint8Array) => {
      try {
        if (this.#callback) decoder.push(chunk);
        if (this.#limits) this.#waitUntilTaken(this.#limits);
      } catch (thrown) {
        // The stream has lost its boundaries: nothing more is read or written.
        this.#socket.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
    this.#socket.on('end', () => {
      if (!decoder.atBoundary) this.#reason ??= new Error('The connection ended inside a frame.');
    });
    return { dispose: () => this.dispose() };
  }

  /** Reads no more until all messages so far are taken up and their answers have mostly been read. */
  #waitUntilTaken({ pausingBytes }: TransportLimits): void {
    const socket = this.#socket;
    socket.pause();
    const done = () => {
      if (socket.writableLength > pausingBytes) socket.once('drain', () => socket.resume());
      else socket.resume();
    };
    const message = { jsonrpc: '2.0', method: endOfPiece, params: { done } };
    this.#callback?.(message);
  }

  override dispose(): void {
    this.#callback = undefined;
    super.dispose();
  }
}

class SocketWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #socket: Duplex;
  readonly #mostWaiting: number;

  constructor(socket: Duplex, limits?: TransportLimits) {
    super();
    this.#socket = socket;
    this.#mostWaiting = limits?.waitingBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Resolves when the socket has taken the frame; errors that come later come as events. */
  async write(message: Message): Promise<void> {
    if (!this.#socket.writable) throw new Error('The connection is closed.');
    if (this.#socket.writableLength > this.#mostWaiting) {
      const error = new Error(`The other end has left ${this.#mostWaiting} bytes unread.`);
      this.#socket.destroy(error);
      throw error;
    }
    const parts = encodeFrame(message);
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
  }

  end(): void {
    this.#socket.end();
  }

  override dispose(): void {
    // What was written still goes out.
    this.#socket.end(() => this.#socket.destroy());
    super.dispose();
  }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && (value as Message).jsonrpc === '2.0';
}

/**
 * The reader and writer of one end of a socket, or of what is relayed to one, to construct a `Peer` from. Without `limits` the other
 * end is trusted to send no more than is asked of it; no frame is larger than `maxFrameBytes`.
 */
export function socketTransport(
  socket: Duplex,
  limits?: TransportLimits,
): [MessageReader, MessageWriter] {
  return [new SocketReader(socket, limits), new SocketWriter(socket, limits)];
}

/** Whether somebody listens at `path`: a socket that a killed trainer left behind answers nobody. */
export function isTrainerListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/**
 * Connects to a trainer that listens at `path` (see {@link trainerSocketPath}).
 *
 * @throws ProblemError of kind `worker` when nobody listens there or `signal` aborts
 */
export function connectToTrainer(
  path: string,
  signal?: AbortSignal,
): Promise<Peer<EditorSide, TrainerSide>> {
  return connectToPeer('trainer', path, signal);
}

/**
 * Connects to a process that listens at `path`.
 *
 * @param who what it is, for messages
 * @throws ProblemError of kind `worker` when nobody listens there or `signal` aborts
 */
export function connectToPeer<Mine extends Side, Theirs extends Side>(
  who: string,
  path: string,
  signal?: AbortSignal,
): Promise<Peer<Mine, Theirs>> {
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: unknown) => {
      socket.destroy();
      signal?.removeEventListener('abort', onAbort);
      reject(new ProblemError({ kind: 'worker', message }, { cause }));
    };
    const onAbort = () => fail(`Connecting to the ${who} was cancelled.`);
    const onError = (error: Error) =>
      fail(`No ${who} answers at ${path}: ${error.message}.`, error);
    const socket = connect(path);
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      signal?.removeEventListener('abort', onAbort);
      resolve(new Peer<Mine, Theirs>(...socketTransport(socket)));
    });
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
  });
}

/** How often it is tried again to connect to a process that is to listen soon. */
const retryMs = 25;

/**
 * Asks for a connection until somebody listens.
 *
 * @param connectOnce as {@link connectToTrainer} does
 * @throws when `signal` aborts, and where it fails for another reason than that nobody listens
 */
export async function untilListening<P>(
  connectOnce: (signal: AbortSignal) => Promise<P>,
  signal: AbortSignal,
): Promise<P> {
  for (;;) {
    try {
      return await connectOnce(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isNobodyListening(error)) throw error;
    }
    await delay(retryMs, undefined, { signal });
  }
}

/** Whether a failed connection means that nobody listens there, now. */
export function isNobodyListening(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return true;
  }
  return false;
}

/** The lock under which a trainer begins to listen at `socket`, or is found to be gone. */
export function trainerLockPath(socket: string): string {
  if (process.platform !== 'win32') return `${socket}.lock`;
  return path.join(tmpdir(), `${path.win32.basename(socket)}.lock`);
}

/** `sockaddr_un` has 104 bytes on macOS and the BSDs, 108 on Linux, with the final zero. */
const longestSocketPath = 103;
/** Every system with such sockets has it, and all users may write to it. */
const shortTemporaryFolder = '/tmp';

/**
 * Where the trainer of run `id` listens: a named pipe on Windows, elsewhere a socket in a directory
 * that only this user can enter, made when it is missing. It is in the temporary folder, or where the path
 * of that is longer than a socket's may be, in the system's.
 *
 * @throws ProblemError of kind `environment` when that directory is somebody else's or open to others
 */
export function trainerSocketPath(id: string): string {
  // A user of a container may have a number only: `os.userInfo` would ask for the name as well.
  const uid = process.getuid?.();
  if (uid === undefined) return `\\\\.\\pipe\\ebm-lab-${id}`;
  const ours = `ebm-lab-${uid}`;
  const socketIn = (folder: string) => path.join(folder, ours, `${id}.sock`);
  const fits = Buffer.byteLength(socketIn(tmpdir())) <= longestSocketPath;
  const socket = socketIn(fits ? tmpdir() : shortTemporaryFolder);
  const directory = path.dirname(socket);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (thrown) {
    if (!(thrown instanceof Error && (thrown as NodeJS.ErrnoException).code === 'EEXIST')) {
      throw new ProblemError(
        {
          kind: 'environment',
          message: `Cannot make ${directory}: ${String(thrown)}.`,
          remedy: 'Set TMPDIR to a folder with a short path that you can write to.',
        },
        { cause: thrown },
      );
    }
  }
  const stats = lstatSync(directory);
  if (!stats.isDirectory() || stats.uid !== uid || (stats.mode & 0o077) !== 0) {
    throw new ProblemError({
      kind: 'environment',
      message: `${directory} is not a directory that only you can enter, so another user could control your runs.`,
      remedy: `Remove it (or run: chmod 700 ${directory}), or set TMPDIR to a folder of your own.`,
    });
  }
  return socket;
}
