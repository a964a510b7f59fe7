import { setImmediate } from 'node:timers/promises';

/** Longest time that training holds the event loop, in milliseconds. */
const slice = 10;

/** Lets the event loop serve sockets and timers while training goes on. */
export class Pace {
  #since = performance.now();

  /** Gives way if it has been a while, else returns at once. */
  async giveWay(): Promise<void> {
    if (performance.now() - this.#since < slice) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
