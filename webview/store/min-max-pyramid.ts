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
    // Three values in four complete no block.
    if (this.#values.length % 4 !== 0) return;
    const { array, length } = this.#values;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = length - 4; i < length; i++) {
      const child = array[i]!;
      if (!Number.isFinite(child)) continue;
      if (child < min) min = child;
      if (child > max) max = child;
    }
    this.#complete(0, min, max);
  }

  /** Appends a complete block's extremes to a level, and those of the block above if that is complete. */
  #complete(index: number, blockMin: number, blockMax: number): void {
    let level = this.#levels[index];
    if (level === undefined) {
      level = new Growable((n) => new Float32Array(n));
      this.#levels.push(level);
    }
    level.push(blockMin);
    level.push(blockMax);
    const { array, length } = level;
    if (length % 8 !== 0) return;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = length - 8; i < length; i += 2) {
      min = Math.min(min, array[i]!);
      max = Math.max(max, array[i + 1]!);
    }
    this.#complete(index + 1, min, max);
  }

  /** Keeps the first so many values. */
  truncate(length: number): void {
    this.#values.truncate(length);
    let blocks = this.#values.length;
    for (const level of this.#levels) {
      blocks = Math.floor(blocks / 4);
      level.truncate(2 * blocks);
    }
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
