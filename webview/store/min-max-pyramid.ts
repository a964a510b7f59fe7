import { Growable } from './growable';

/** The smallest and the largest finite value of a stretch. */
export interface MinMax {
  readonly min: number;
  readonly max: number;
}

/**
 * Values with the extremes of every aligned block of 4, 16, 64, … of them, so that the extremes of
 * any stretch are found in O(log n): a million points are drawn with the work of a screen's width,
 * and no spike is ever skipped. Takes two thirds of the values' own memory on top.
 *
 * Only complete blocks are kept; a stretch's ragged ends are read from the finer levels. Values that
 * are not finite belong to no extreme.
 */
export class MinMaxPyramid {
  readonly #values = new Growable((n) => new Float32Array(n));
  /** Level k holds, interleaved, the minimum and maximum of each complete block of 4^(k+1). */
  readonly #levels: Growable<Float32Array>[] = [];

  get length(): number {
    return this.#values.length;
  }

  /** The value at `index`, NaN outside. */
  at(index: number): number {
    return index >= 0 && index < this.#values.length ? this.#values.array[index]! : Number.NaN;
  }

  /** Appends a value. O(1) on average. */
  push(value: number): void {
    this.#values.push(value);
    let complete = this.#values.length;
    for (let level = 0; complete % 4 === 0; level++) {
      complete /= 4;
      let min = Number.POSITIVE_INFINITY;
      let max = Number.NEGATIVE_INFINITY;
      for (let child = 4 * complete - 4; child < 4 * complete; child++) {
        min = Math.min(min, this.#minAt(level, child));
        max = Math.max(max, this.#maxAt(level, child));
      }
      let above = this.#levels[level];
      if (above === undefined) {
        above = new Growable((n) => new Float32Array(n));
        this.#levels.push(above);
      }
      above.push(min);
      above.push(max);
    }
  }

  clear(): void {
    this.#values.clear();
    for (const level of this.#levels) level.clear();
  }

  /** The extremes of the values at `from` (included) to `to` (excluded); none if none is finite. */
  range(from: number, to: number): MinMax | undefined {
    let low = Math.max(0, from);
    let high = Math.min(this.length, to);
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let level = 0; low < high; level++) {
      // The last level has no complete block above it, so its remainder is read here.
      const isTop = level === this.#levels.length;
      while (low < high && (isTop || low % 4 !== 0)) {
        min = Math.min(min, this.#minAt(level, low));
        max = Math.max(max, this.#maxAt(level, low));
        low++;
      }
      while (low < high && high % 4 !== 0) {
        high--;
        min = Math.min(min, this.#minAt(level, high));
        max = Math.max(max, this.#maxAt(level, high));
      }
      low /= 4;
      high /= 4;
    }
    return min <= max ? { min, max } : undefined;
  }

  #minAt(level: number, index: number): number {
    if (level > 0) return this.#levels[level - 1]!.array[2 * index]!;
    const value = this.#values.array[index]!;
    return Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
  }

  #maxAt(level: number, index: number): number {
    if (level > 0) return this.#levels[level - 1]!.array[2 * index + 1]!;
    const value = this.#values.array[index]!;
    return Number.isFinite(value) ? value : Number.NEGATIVE_INFINITY;
  }
}
