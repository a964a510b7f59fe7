/**
 * One end of a connection between two processes: typed requests, events and errors over any
 * `vscode-jsonrpc` transport. Both hops (trainer ↔ extension, extension ↔ page) use it.
 */
import {
  CancellationTokenSource,
  createMessageConnection,
  type Disposable,
  ErrorCodes,
  type MessageReader,
  type MessageWriter,
  ResponseError,
} from 'vscode-jsonrpc';
import { type Problem, ProblemError, problemOf } from './problem';

// biome-ignore lint/suspicious/noExplicitAny: the constraint of a method table, never a value's type
type Methods = { [name: string]: (params: any) => unknown };

/** What one side of a connection answers and emits. */
export interface Side {
  methods: Methods;
  events: { [name: string]: object };
}

type Params<S extends Side, M extends keyof S['methods']> = Parameters<S['methods'][M]>[0];
type Result<S extends Side, M extends keyof S['methods']> = Awaited<ReturnType<S['methods'][M]>>;

export interface RequestOptions {
  /** Gives up waiting and tells the other side so. */
  readonly signal?: AbortSignal;
  /** Gives up after this many milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * A transport puts this notification behind the last message of a connection that has ended, instead
 * of reporting the end at once: what was received before it is then answered before it. `reason` is
 * an `Error` where there was one.
 */
export const endOfStream = '$/endOfStream';

/**
 * A transport that reads no faster than it is answered puts this notification behind the messages of
 * one piece of the stream; `done` is called when all of them have been taken up.
 */
export const endOfPiece = '$/endOfPiece';

/** Our own code in the range JSON-RPC leaves to applications; `data` is then a `Problem`. */
const problemCode = 1;

/** A request that never left: the other end takes nothing just now, as a page that is hidden. */
export class UndeliveredError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UndeliveredError';
  }
}

export class Peer<Mine extends Side, Theirs extends Side> {
  readonly #connection;
  readonly #closeListeners = new Set<(reason?: Error) => void>();
  #open = true;
  #listening = false;
  #closeReason: Error | undefined;

  /**
   * Starts listening in the next microtask, so that handlers set right after construction miss nothing.
   *
   * @param maxParallelism requests that are answered at a time; the others wait
   */
  constructor(reader: MessageReader, writer: MessageWriter, maxParallelism = -1) {
    this.#connection = createMessageConnection(reader, writer, undefined, { maxParallelism });
    // A frame that cannot be read leaves the stream without a known boundary: end it.
    this.#connection.onError(([error]) => this.close(error));
    this.#connection.onClose(() => this.close());
    this.#connection.onNotification(endOfStream, (params: { reason?: unknown } | undefined) =>
      this.close(params?.reason instanceof Error ? params.reason : undefined),
    );
    this.#connection.onNotification(endOfPiece, (params: { done?: unknown } | undefined) => {
      // From the other end it can only be data, never a function.
      if (typeof params?.done === 'function') params.done();
    });
    queueMicrotask(() => this.#listen());
  }

  /** Starts the connection, if that has not been done; nothing can be sent before. */
  #listen(): void {
    if (this.#listening || !this.#open) return;
    this.#listening = true;
    this.#connection.listen();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Answers `method`. What `answer` throws reaches the caller as a `ProblemError`. */
  handle<M extends keyof Mine['methods'] & string>(
    method: M,
    answer: (
      params: Params<Mine, M>,
      signal: AbortSignal,
    ) => Result<Mine, M> | Promise<Result<Mine, M>>,
  ): Disposable {
    return this.#connection.onRequest(method, async (params: Params<Mine, M>, token) => {
      const abort = new AbortController();
      const listener = token.onCancellationRequested(() => abort.abort());
      try {
        return await answer(params, abort.signal);
      } catch (thrown) {
        const problem = problemOf(thrown);
        return new ResponseError(problemCode, problem.message, problem);
      } finally {
        listener.dispose();
      }
    });
  }

  /**
   * Asks the other side. Always ends: with the result, a `ProblemError` from the other side, or a
   * `ProblemError` of kind `worker` when the connection closes, the time is up or `signal` aborts.
   * An {@link UndeliveredError} says that the request was not sent, and that another one may be.
   */
  async request<M extends keyof Theirs['methods'] & string>(
    method: M,
    params: Params<Theirs, M>,
    { signal, timeoutMs }: RequestOptions = {},
  ): Promise<Result<Theirs, M>> {
    if (!this.#open) throw this.#closedError(method);
    this.#listen();
    const cancellation = new CancellationTokenSource();
    let reject: (error: ProblemError) => void;
    const gone = new Promise<never>((_, no) => {
      reject = no;
    });
    const giveUp = (message: string) => {
      cancellation.cancel();
      reject(new ProblemError({ kind: 'worker', message }));
    };
    const onAbort = () => giveUp(`The request '${method}' was cancelled.`);
    const onClose = () => reject(this.#closedError(method));
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => giveUp(`No answer to '${method}' within ${timeoutMs} ms.`), timeoutMs);
    this.#closeListeners.add(onClose);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    try {
      return await Promise.race([
        this.#connection.sendRequest<Result<Theirs, M>>(method, params, cancellation.token),
        gone,
      ]);
    } catch (thrown) {
      if (thrown instanceof ResponseError) {
        if (thrown.code === ErrorCodes.MessageWriteError) {
          throw new UndeliveredError(thrown.message);
        }
        if (thrown.code === problemCode && isProblem(thrown.data)) {
          throw new ProblemError(thrown.data);
        }
        if (
          thrown.code === ErrorCodes.PendingResponseRejected ||
          thrown.code === ErrorCodes.ConnectionInactive
        ) {
          throw this.#closedError(method);
        }
      }
      throw thrown;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#closeListeners.delete(onClose);
      cancellation.dispose();
    }
  }

  /** Tells the other side; never throws, and does nothing on a closed connection. */
  emit<E extends keyof Mine['events'] & string>(event: E, params: Mine['events'][E]): void {
    if (!this.#open) return;
    this.#listen();
    this.#connection.sendNotification(event, params).catch((error: unknown) => {
      this.close(error instanceof Error ? error : new Error(String(error)));
    });
  }

  on<E extends keyof Theirs['events'] & string>(
    event: E,
    listener: (params: Theirs['events'][E]) => void,
  ): Disposable {
    return this.#connection.onNotification(event, listener);
  }

  /** Runs `listener` once when the connection ends, at once if it has ended. */
  onClose(listener: (reason?: Error) => void): void {
    if (this.#open) this.#closeListeners.add(listener);
    else listener(this.#closeReason);
  }

  /** Ends the connection; pending requests of both sides reject. Idempotent. */
  close(reason?: Error): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closeReason = reason;
    this.#connection.dispose();
    for (const listener of [...this.#closeListeners]) listener(reason);
    this.#closeListeners.clear();
  }

  #closedError(method: string): ProblemError {
    const why = this.#closeReason ? `: ${this.#closeReason.message}` : '';
    return new ProblemError({
      kind: 'worker',
      message: `The connection closed before '${method}' was answered${why}.`,
    });
  }
}

function isProblem(data: unknown): data is Problem {
  return (
    typeof data === 'object' &&
    data !== null &&
    typeof (data as Partial<Problem>).kind === 'string' &&
    typeof (data as Partial<Problem>).message === 'string'
  );
}
