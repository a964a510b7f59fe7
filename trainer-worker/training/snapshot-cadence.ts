/** Snapshots of a whole run, about: what is kept of them is bounded, however long it is. */
const mostSnapshots = 100;
/** They take at most about this share of the time. */
const largestShare = 0.01;

/**
 * Says which previews are kept as pictures too: the first, the last, and of those between every so
 * many, as far as time allows.
 */
export class SnapshotCadence {
  readonly #steps: number;
  readonly #every: number;
  readonly #now: () => number;
  #doneAt = Number.NEGATIVE_INFINITY;
  /** Milliseconds that the last one took. */
  #cost = 0;

  /**
   * @param steps training steps of the run
   * @param previewEvery training steps between previews
   * @param now milliseconds that only grow
   */
  constructor(steps: number, previewEvery: number, now: () => number = () => performance.now()) {
    this.#steps = steps;
    this.#every = previewEvery * Math.max(1, Math.ceil(steps / previewEvery / mostSnapshots));
    this.#now = now;
  }

  /** Whether the preview of a step is one of them. */
  isDue(step: number): boolean {
    if (step === 0 || step === this.#steps) return true;
    return step % this.#every === 0 && this.#now() - this.#doneAt >= this.#cost / largestShare;
  }

  /** Takes one. */
  async around(take: () => Promise<void>): Promise<void> {
    const begun = this.#now();
    await take();
    this.#doneAt = this.#now();
    this.#cost = this.#doneAt - begun;
  }
}
