import { ProblemError, problemOf } from '../../../protocol/problem';
import type { RunState } from '../../../protocol/run';
import {
  answerRequest,
  type ControlAnswer,
  type ControlRequest,
  type Request,
  takeRequests,
} from '../../../run-directory/control-requests';

/** How often the folder is looked at (milliseconds): one call of the system where nothing is asked. */
const lookMs = 1_500;

/** Does what is asked of a trainer by files, from where no socket reaches it. */
export class RequestTaker {
  readonly #directory: string;
  readonly #token: string;
  readonly #act: (request: Request) => Promise<RunState>;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  readonly #answering = new Set<Promise<void>>();

  /**
   * @param token of the trainer's claim: what is asked of another one is refused
   * @param act does it, or says why not
   */
  constructor(directory: string, token: string, act: (request: Request) => Promise<RunState>) {
    this.#directory = directory;
    this.#token = token;
    this.#act = act;
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    }, lookMs);
    this.#timer.unref();
  }

  /** Looks no more; resolves when all that was taken is answered. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await Promise.all(this.#answering);
  }

  async #look(): Promise<void> {
    // A folder that cannot be listed now can be later; who asked waits for so long.
    const requests = await takeRequests(this.#directory).catch(() => []);
    for (const request of requests) {
      const answering = this.#answer(request).finally(() => this.#answering.delete(answering));
      this.#answering.add(answering);
    }
  }

  async #answer(request: ControlRequest): Promise<void> {
    const answer = await this.#do(request);
    // Nobody may be waiting any more, or the disk is full: the run goes on all the same.
    await answerRequest(this.#directory, request, answer).catch(() => undefined);
  }

  async #do({ to, request }: ControlRequest): Promise<ControlAnswer> {
    try {
      if (to !== this.#token) {
        throw new ProblemError({
          kind: 'worker',
          message: 'Another trainer has gone on with this run since it was asked.',
          remedy: 'Ask again.',
        });
      }
      return { state: await this.#act(request) };
    } catch (thrown) {
      return { problem: problemOf(thrown) };
    }
  }
}
