/**
 * `[n, D]` numbers, row-major: a `Float32Array` that has them all, or rows that are kept as the bytes of
 * their file and become numbers when somebody looks at them (`packed-rows.ts`).
 */
export interface Rows {
  /** n · D. */
  readonly length: number;
  /** Bytes that they keep in memory. */
  readonly byteLength: number;
  /** Numbers `from` to `to`, as those of an array: the same ones whenever they are looked at. */
  subarray(from?: number, to?: number): Float32Array;
  /**
   * `[indices, D]`: rows as a training step sees them, where something of them is drawn anew each time.
   * A pure function of the run's seed and the step.
   *
   * @param step from 1
   */
  drawn?(indices: Uint32Array, step: number): Float32Array;
}

/** Numbers that are looked at together, about: small beside what a run keeps anyway. */
const blockNumbers = 2 ** 18;

/**
 * All rows, some at a time, in order.
 *
 * @param dimensions D
 * @returns where each part begins, in numbers, and the part: whole rows
 */
export function* blocksOf(
  rows: Rows,
  dimensions: number,
): Generator<readonly [start: number, block: Float32Array]> {
  const step = dimensions * Math.max(1, Math.floor(blockNumbers / dimensions));
  for (let start = 0; start < rows.length; start += step) {
    yield [start, rows.subarray(start, start + step)];
  }
}
