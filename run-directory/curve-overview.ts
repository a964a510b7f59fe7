import type { SeriesChunk } from '../protocol/run';

/** Most blocks of an overview: twice as many points as any screen has columns for a chart. */
const mostBlocks = 2048;

/** An overview as it is kept. A value that is not finite is `null`, as in all JSON. */
export interface KeptOverview {
  /** Points that a whole block stands for. */
  readonly perBlock: number;
  /** Points in the last block so far. */
  readonly inLast: number;
  readonly first: readonly [step: number, value: number | null];
  readonly last: readonly [step: number, value: number | null];
  /** Of each block the step and the value of its smallest and of its largest point. */
  readonly lowSteps: readonly number[];
  readonly lows: readonly (number | null)[];
  readonly highSteps: readonly number[];
  readonly highs: readonly (number | null)[];
}

/**
 * A growing curve in bounded room: the smallest and the largest point of each of at most 2,048 blocks
 * of equally many points. When the blocks are used up, neighbours are merged. So the overview of any
 * number of points has every extreme, and its points are points of the curve.
 *
 * A value that is not finite is an extreme only where its block has no other.
 */
export class CurveOverview {
  #perBlock = 1;
  #inLast = 0;
  #first: readonly [number, number] = [Number.NaN, Number.NaN];
  #last: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.NaN];
  #lowSteps: number[] = [];
  #lows: number[] = [];
  #highSteps: number[] = [];
  #highs: number[] = [];

  /** @throws RangeError when what was kept does not hang together */
  static from(kept: KeptOverview): CurveOverview {
    const overview = new CurveOverview();
    const { perBlock, inLast, lowSteps, lows, highSteps, highs } = kept;
    const blocks = lows.length;
    const isWhole =
      blocks > 0 &&
      blocks <= mostBlocks &&
      inLast >= 1 &&
      inLast <= perBlock &&
      [lowSteps, highSteps, highs].every(({ length }) => length === blocks);
    if (!isWhole) throw new RangeError('The overview of a curve has parts of different lengths.');
    overview.#perBlock = perBlock;
    overview.#inLast = inLast;
    overview.#first = [kept.first[0], revived(kept.first[1])];
    overview.#last = [kept.last[0], revived(kept.last[1])];
    overview.#lowSteps = [...lowSteps];
    overview.#lows = lows.map(revived);
    overview.#highSteps = [...highSteps];
    overview.#highs = highs.map(revived);
    return overview;
  }

  /** The step of the newest point; -Infinity while there is none. */
  get lastStep(): number {
    return this.#last[0];
  }

  /** How many points it stands for; after a cut, at least. */
  get count(): number {
    const blocks = this.#lows.length;
    return blocks === 0 ? 0 : (blocks - 1) * this.#perBlock + this.#inLast;
  }

  /** Appends a point, as single precision has it. One that is not after the last is left out. */
  add(step: number, value: number): void {
    if (!(step > this.#last[0])) return;
    const rounded = Math.fround(value);
    if (this.#lows.length === 0) this.#first = [step, rounded];
    this.#last = [step, rounded];
    const isFull = this.#lows.length === 0 || this.#inLast === this.#perBlock;
    if (isFull && this.#lows.length === mostBlocks) {
      this.#merge();
    }
    if (isFull) {
      this.#push([step, rounded], [step, rounded]);
      this.#inLast = 1;
      return;
    }
    this.#inLast += 1;
    const block = this.#lows.length - 1;
    if (isLower(rounded, this.#lows[block]!)) {
      this.#lowSteps[block] = step;
      this.#lows[block] = rounded;
    }
    if (isHigher(rounded, this.#highs[block]!)) {
      this.#highSteps[block] = step;
      this.#highs[block] = rounded;
    }
  }

  /** Forgets the points from `step` on: what comes now replaces them. */
  cut(step: number): void {
    if (this.#last[0] < step) return;
    if (this.#first[0] >= step) {
      this.#lowSteps = [];
      this.#lows = [];
      this.#highSteps = [];
      this.#highs = [];
      this.#perBlock = 1;
      this.#last = [Number.NEGATIVE_INFINITY, Number.NaN];
      return;
    }
    for (let block = this.#lows.length - 1; block >= 0; block--) {
      const low = this.#lowSteps[block]!;
      const high = this.#highSteps[block]!;
      if (low < step && high < step) break;
      if (low >= step && high >= step) {
        for (const list of this.#lists()) list.pop();
      } else if (low < step) {
        this.#highSteps[block] = low;
        this.#highs[block] = this.#lows[block]!;
      } else {
        this.#lowSteps[block] = high;
        this.#lows[block] = this.#highs[block]!;
      }
    }
    // What is left of the last block counts as a whole one.
    this.#inLast = this.#perBlock;
    if (this.#lows.length === 0) this.#push(this.#first, this.#first);
    const block = this.#lows.length - 1;
    this.#last =
      this.#lowSteps[block]! > this.#highSteps[block]!
        ? [this.#lowSteps[block]!, this.#lows[block]!]
        : [this.#highSteps[block]!, this.#highs[block]!];
  }

  /** The points to draw, in the order of their steps: at most two a block, the first and the last. */
  points(): SeriesChunk {
    const steps: number[] = [];
    const values: number[] = [];
    const take = (step: number, value: number) => {
      if (steps.length > 0 && step <= steps[steps.length - 1]!) return;
      steps.push(step);
      values.push(value);
    };
    if (this.#lows.length > 0) take(...this.#first);
    for (let block = 0; block < this.#lows.length; block++) {
      const low = [this.#lowSteps[block]!, this.#lows[block]!] as const;
      const high = [this.#highSteps[block]!, this.#highs[block]!] as const;
      for (const point of low[0] < high[0] ? [low, high] : [high, low]) take(...point);
    }
    if (this.#lows.length > 0) take(...this.#last);
    return { steps: Float64Array.from(steps), values: Float32Array.from(values) };
  }

  toJSON(): KeptOverview {
    return {
      perBlock: this.#perBlock,
      inLast: this.#inLast,
      first: [this.#first[0], kept(this.#first[1])],
      last: [this.#last[0], kept(this.#last[1])],
      lowSteps: this.#lowSteps,
      lows: this.#lows.map(kept),
      highSteps: this.#highSteps,
      highs: this.#highs.map(kept),
    };
  }

  #lists(): number[][] {
    return [this.#lowSteps, this.#lows, this.#highSteps, this.#highs];
  }

  #push(low: readonly [number, number], high: readonly [number, number]): void {
    this.#lowSteps.push(low[0]);
    this.#lows.push(low[1]);
    this.#highSteps.push(high[0]);
    this.#highs.push(high[1]);
  }

  /** Two blocks become one of twice the points. */
  #merge(): void {
    const [lowSteps, lows, highSteps, highs] = [
      this.#lowSteps,
      this.#lows,
      this.#highSteps,
      this.#highs,
    ];
    [this.#lowSteps, this.#lows, this.#highSteps, this.#highs] = [[], [], [], []];
    for (let block = 0; block < lows.length; block += 2) {
      const low = isLower(lows[block + 1]!, lows[block]!) ? block + 1 : block;
      const high = isHigher(highs[block + 1]!, highs[block]!) ? block + 1 : block;
      this.#push([lowSteps[low]!, lows[low]!], [highSteps[high]!, highs[high]!]);
    }
    this.#perBlock *= 2;
  }
}

function isLower(value: number, than: number): boolean {
  return Number.isFinite(value) && !(Number.isFinite(than) && than <= value);
}

function isHigher(value: number, than: number): boolean {
  return Number.isFinite(value) && !(Number.isFinite(than) && than >= value);
}

function kept(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function revived(value: number | null): number {
  return value ?? Number.NaN;
}
