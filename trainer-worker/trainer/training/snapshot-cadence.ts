/** Snapshots of a whole run, about: what is kept of them is bounded, however long it is. */
const mostSnapshots = 100;
/** They take at most about this share of the time. */
const largestShare = 0.01;

/**
 * Says which previews are kept as pictures too: the first, the last, and of those between such that lie
 * apart, as far as time allows.
 */
export class SnapshotCadence {
  readonly #steps: number;
  readonly #now: () => number;
  /** The step of the latest one, and when it was done. */
  #latest = Number.NEGATIVE_INFINITY;
  #doneAt = Number.NEGATIVE_INFINITY;
  /** Milliseconds that it took. */
  #cost = 0;

  /**
   * @param steps training steps of the run
   * @param now milliseconds that only grow
   */
  constructor(steps: number, now: () => number = () => performance.now()) {
    this.#steps = steps;
    this.#now = now;
  }

  /** Whether the preview of a step is one of them. */
  isDue(step: number): boolean {
    if (step === 0 || step === this.#steps) return true;
    const isApart = step - this.#latest >= this.#steps / mostSnapshots;
    return isApart && this.#now() - this.#doneAt >= this.#cost / largestShare;
  }

  /** Takes the one of a step. */
  async around(step: number, take: () => Promise<void>): Promise<void> {
    const begun = this.#now();
    await take();
    this.#latest = step;
    this.#doneAt = this.#now();
    this.#cost = this.#doneAt - begun;
  }
}
