/** Seconds over which the speed is averaged. */
const memory = 3;
/** Shortest time that gives a rate worth averaging, in milliseconds. */
const shortest = 200;

/** Recent steps per second, smoothed. Times are of `performance.now()`. */
export class Speed {
  #since: number;
  #steps = 0;
  #rate: number | undefined;
  /** The first stretch is of a program that is not warm yet: what it would tell is several times too little. */
  #isWarm = false;

  constructor(now: number) {
    this.#since = now;
  }

  /** Steps per second, once there is something to tell. */
  get stepsPerSecond(): number | undefined {
    return this.#rate;
  }

  /** One step is done. */
  tick(now: number): void {
    this.#steps++;
    const elapsed = now - this.#since;
    if (elapsed < shortest) return;
    if (!this.#isWarm) {
      this.#isWarm = true;
      this.restart(now);
      return;
    }
    const seconds = elapsed / 1000;
    const latest = this.#steps / seconds;
    const weight = 1 - Math.exp(-seconds / memory);
    this.#rate = this.#rate === undefined ? latest : this.#rate + weight * (latest - this.#rate);
    this.restart(now);
  }

  /** Time until now does not count: nothing was trained. */
  restart(now: number): void {
    this.#since = now;
    this.#steps = 0;
  }
}
