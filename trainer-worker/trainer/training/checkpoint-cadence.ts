/** Steps, and seconds of training, between checkpoints; `null` for no such cadence. */
export interface CheckpointCadenceOptions {
  readonly every: number | null;
  readonly everySeconds: number | null;
}

/** Writing takes at most about this share of the time where checkpoints are due by time. */
const largestShare = 0.03;

/** Says when a checkpoint is due: after so many steps, or so long after the last one. */
export class CheckpointCadence {
  readonly #options: CheckpointCadenceOptions;
  readonly #now: () => number;
  #savedAt: number;
  /** Milliseconds that the last one took. */
  #cost = 0;

  /** @param now milliseconds that only grow */
  constructor(options: CheckpointCadenceOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#savedAt = now();
  }

  isDue(step: number): boolean {
    const { every, everySeconds } = this.#options;
    if (every !== null && step % every === 0) return true;
    // A checkpoint of gigabytes is written less often than asked for: training is what time is for.
    const pause = Math.max(1000 * (everySeconds ?? 0), this.#cost / largestShare);
    return everySeconds !== null && this.#now() - this.#savedAt >= pause;
  }

  /** Does `write`, and counts from its end. */
  async around(write: () => Promise<void>): Promise<void> {
    const begun = this.#now();
    await write();
    this.#savedAt = this.#now();
    this.#cost = this.#savedAt - begun;
  }
}
