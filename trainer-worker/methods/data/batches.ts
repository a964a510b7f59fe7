import { Random, type Stream, streams } from '../../compiler/random/random';
import type { Rows } from './rows';

/**
 * Batches of rows without replacement: every row once per epoch, in a random order that is a pure
 * function of the seed and the epoch. A batch may span two epochs.
 */
export class Batches {
  readonly #rows: Rows;
  readonly #labels: Float32Array | undefined;
  readonly #dimensions: number;
  readonly #size: number;
  readonly #seed: number;
  readonly #stream: Stream;
  #epoch = -1;
  #order: Uint32Array = new Uint32Array();

  /**
   * @param rows `[n, D]`, row-major
   * @param labels `[n]` class indices, if the rows have classes
   * @param stream what decides the order; that of the data's batches where absent
   */
  constructor(
    rows: Rows,
    dimensions: number,
    size: number,
    seed: number,
    labels?: Float32Array,
    stream: Stream = streams.batches,
  ) {
    this.#rows = rows;
    this.#labels = labels;
    this.#dimensions = dimensions;
    this.#size = size;
    this.#seed = seed;
    this.#stream = stream;
  }

  /** The `[batch, D]` rows of training step `step`, from 1. */
  of(step: number): Float32Array {
    const dimensions = this.#dimensions;
    const chosen = Uint32Array.from({ length: this.#size }, (_, i) => this.rowAt(step, i));
    const drawn = this.#rows.drawn?.(chosen, step);
    if (drawn) return drawn;
    const batch = new Float32Array(this.#size * dimensions);
    for (const [i, row] of chosen.entries()) {
      batch.set(this.#rows.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
    }
    return batch;
  }

  /** The `[batch]` class indices of the rows that {@link of} gives for `step`, if rows have classes. */
  labelsOf(step: number): Float32Array | undefined {
    const labels = this.#labels;
    if (labels === undefined) return undefined;
    return Float32Array.from({ length: this.#size }, (_, i) => labels[this.rowAt(step, i)]!);
  }

  /** Which row is number `i` of the batch of `step`, both from 0. */
  rowAt(step: number, i: number): number {
    const count = this.#rows.length / this.#dimensions;
    const place = (step - 1) * this.#size + i;
    return this.#orderOf(Math.floor(place / count))[place % count]!;
  }

  #orderOf(epoch: number): Uint32Array {
    if (epoch !== this.#epoch) {
      const count = this.#rows.length / this.#dimensions;
      this.#order = new Random(this.#seed, this.#stream, epoch).permutation(count);
      this.#epoch = epoch;
    }
    return this.#order;
  }
}
