import type { RunClock } from '../../protocol/panel';
import { readScalars } from '../../run-directory/event-file';

/** More steps than a screen is wide tell nothing more of an axis. */
const mostSteps = 4096;

/**
 * Reads when the steps of a run were recorded, from where it stopped the last time. Of a long run it
 * keeps every so many steps, evenly, and the newest.
 */
export class ClockReader {
  readonly #directory: string;
  readonly #mostSteps: number;
  #bytes = 0;
  /** Seconds since the epoch of the first step. */
  #start: number | undefined;
  #steps: number[] = [];
  #seconds: number[] = [];
  /** Of so many recorded steps one is kept. */
  #every = 1;
  #skipped = 0;
  #newest: readonly [step: number, seconds: number] | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(directory: string, mostKept = mostSteps) {
    this.#directory = directory;
    this.#mostSteps = mostKept;
  }

  /**
   * The clock up to the newest step on disk.
   *
   * @throws ProblemError of kind `storage` where there is no event file or it cannot be opened
   */
  read(): Promise<RunClock> {
    // One after the other: each goes on where the one before stopped.
    const reading = this.#reading.then(() => this.#readOn());
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  async #readOn(): Promise<RunClock> {
    for await (const { times, bytes } of readScalars(this.#directory, { from: this.#bytes })) {
      for (const [at, step] of times.steps.entries()) this.#add(step, times.seconds[at]!);
      this.#bytes = bytes;
    }
    const steps = [...this.#steps];
    const seconds = [...this.#seconds];
    if (this.#newest && this.#newest[0] !== steps.at(-1)) {
      steps.push(this.#newest[0]);
      seconds.push(this.#newest[1]);
    }
    return { steps: Float64Array.from(steps), seconds: Float64Array.from(seconds) };
  }

  #add(step: number, time: number): void {
    this.#start ??= time;
    // Clocks are set back now and then; what is measured by one goes on.
    const seconds = Math.max(time - this.#start, this.#newest?.[1] ?? 0);
    // A training that went back: what it does now replaces what it did.
    while (this.#steps.length > 0 && this.#steps.at(-1)! >= step) {
      this.#steps.pop();
      this.#seconds.pop();
    }
    this.#newest = [step, seconds];
    this.#skipped += 1;
    if (this.#skipped < this.#every && this.#steps.length > 0) return;
    this.#skipped = 0;
    this.#steps.push(step);
    this.#seconds.push(seconds);
    if (this.#steps.length < this.#mostSteps) return;
    const isKept = (_: number, at: number) => at % 2 === 0;
    this.#steps = this.#steps.filter(isKept);
    this.#seconds = this.#seconds.filter(isKept);
    this.#every *= 2;
  }
}
