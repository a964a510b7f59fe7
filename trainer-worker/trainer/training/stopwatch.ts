/** Adds up the time between starts and stops. */
export class Stopwatch {
  readonly #now: () => number;
  #total = 0;
  #since: number | undefined;

  /** @param now milliseconds that only grow */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Lets it run or stand; to say so again changes nothing. */
  setRunning(running: boolean): void {
    const now = this.#now();
    if (this.#since !== undefined) this.#total += now - this.#since;
    this.#since = running ? now : undefined;
  }

  get seconds(): number {
    const running = this.#since === undefined ? 0 : this.#now() - this.#since;
    return (this.#total + running) / 1000;
  }
}
