import { UndeliveredError } from '../../protocol/peer';
import { type Problem, problemOf } from '../../protocol/problem';

/**
 * Tells a page something for as long as it is seen, beginning anew whenever its script has just begun to
 * run. Generations count these beginnings, so that the page knows what belongs to which.
 */
export class Showing {
  readonly #show: (generation: number, signal: AbortSignal) => Promise<void>;
  readonly #onProblem: (problem: Problem) => void;
  #generation = 0;
  #current: AbortController | undefined;

  /** @param show tells all there is to tell, until the signal says that nobody listens any more */
  constructor(
    show: (generation: number, signal: AbortSignal) => Promise<void>,
    onProblem: (problem: Problem) => void,
  ) {
    this.#show = show;
    this.#onProblem = onProblem;
  }

  start(): void {
    this.stop();
    const current = new AbortController();
    this.#current = current;
    this.#show(++this.#generation, current.signal).catch((error: unknown) => {
      // Stopped, or hidden and about to be: it failed because nobody listens any more.
      if (current.signal.aborted || error instanceof UndeliveredError) return;
      this.#onProblem(problemOf(error));
    });
  }

  /** Tells nothing any more, until started again. Idempotent. */
  stop(): void {
    this.#current?.abort();
    this.#current = undefined;
  }
}
