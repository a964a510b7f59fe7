import { setTimeout as delay } from 'node:timers/promises';
import type { ProblemError } from '../../../protocol/problem';

/** What clients wait for that come before there is anything to serve: it, or why it cannot begin. */
export class Beginning<T> {
  readonly value: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (problem: ProblemError) => void;
  #onAsked: (() => void) | undefined;

  constructor() {
    this.value = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody may ask before it fails to begin.
    this.value.catch(() => undefined);
  }

  /** It has begun: those who wait are answered, those who come are answered at once. */
  begin(value: T): void {
    this.#resolve(value);
  }

  /** A client waits from here on. */
  noteAsked(): void {
    this.#onAsked?.();
  }

  /**
   * It cannot begin: whoever waits gets `problem`. Resolves when at least one client that asked has it,
   * or after `patienceMs` without any.
   *
   * @param isAwaited whether a client waits already
   */
  async refuse(problem: ProblemError, patienceMs: number, isAwaited: boolean): Promise<void> {
    const asked = new Promise<void>((resolve) => {
      this.#onAsked = resolve;
    });
    if (isAwaited) this.#onAsked?.();
    this.#reject(problem);
    const patience = new AbortController();
    const over = delay(patienceMs, undefined, { signal: patience.signal });
    over.catch(() => undefined);
    await Promise.race([asked, over]);
    patience.abort();
  }
}
