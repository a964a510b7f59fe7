import type { LookingTime } from './looking-time';

/** Previews take at most about this share of the time where they come as it allows. */
const largestShare = 0.1;
/** Seconds of looking that a run has beyond that: one that is short shows something too. */
const headStart = 0.5;
/** And until that is used up no more than this share: there must be something new to see. */
const earlyShare = 0.5;
/** Seconds that the second one is thought to take at most: the first has made ready what it only uses. */
const mostExpected = 0.2;
/** Previews lie apart by this share of a run, */
const smallestGap = 1 / 150;
/** or of the steps behind them: in the beginning much changes in few steps. */
const earlyGap = 1 / 4;

export interface PreviewCadenceOptions {
  /** Training steps of the run. */
  readonly steps: number;
  /** Steps at which one is due in any case. */
  readonly whole: ReadonlySet<number>;
  /** Training steps between previews; `null`: as time allows. */
  readonly every: number | null;
  /** Training steps that were done before this process. */
  readonly completed: number;
}

/**
 * Says when a preview is due: at the last step and at rungs, and between every so many steps, or as time allows.
 * Then previews take a tenth of the time at most, and a run has some two hundred at most however cheap
 * they are: thick in its first steps, at steps whose numbers are round. The step before the first is
 * shown without asking.
 */
export class PreviewCadence {
  readonly #options: PreviewCadenceOptions;
  readonly #time: LookingTime;
  /** The step of the latest one, or the one from which this process goes on. */
  #latest: number;

  /** @param time what previews have taken so far */
  constructor(options: PreviewCadenceOptions, time: LookingTime) {
    this.#options = options;
    this.#time = time;
    this.#latest = options.completed;
  }

  isDue(step: number): boolean {
    const { steps, whole, every } = this.#options;
    if (whole.has(step)) return true;
    if (every !== null) return step % every === 0;
    const gap = step - this.#latest;
    const smallest = Math.min(smallestGap * steps, earlyGap * step);
    // Rounder numbers than that of half a gap would have one wait for as long again.
    const unit = roundNumber(Math.max(1, gap / 2));
    return gap >= smallest && step % unit === 0 && this.#isAffordable;
  }

  /** Makes the preview of a step. */
  async around<T>(step: number, look: () => Promise<T>): Promise<T> {
    this.#latest = step;
    return await this.#time.around(look);
  }

  /** Whether there is time for one that takes as long as the latest. */
  get #isAffordable(): boolean {
    const { elapsed, looked, latest } = this.#time;
    const budget = Math.min(earlyShare * elapsed, headStart + largestShare * elapsed);
    const expected = looked === 0 ? Math.min(latest, mostExpected) : latest;
    return looked + expected <= budget;
  }
}

/** The largest of 1, 2, 5, 10, 20, 50, … that is not above a number from 1. */
function roundNumber(most: number): number {
  const ten = 10 ** Math.floor(Math.log10(most));
  return ten * (most >= 5 * ten ? 5 : most >= 2 * ten ? 2 : 1);
}
