/** How numbers are distributed, in cells of equal width between the smallest and the largest. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  /** How many numbers there are. */
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Numbers in each cell; one cell where all numbers are equal. */
  readonly cells: readonly number[];
}

/** As many as TensorBoard draws. */
const mostCells = 30;

/** The histogram of the finite ones of `values`; nothing where there is none. */
export function histogramOf(values: Float32Array): Histogram | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let [count, sum, sumOfSquares] = [0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    count += 1;
    sum += value;
    sumOfSquares += value * value;
  }
  if (count === 0) return undefined;
  const cells = new Array<number>(min === max ? 1 : mostCells).fill(0);
  const scale = min === max ? 0 : mostCells / (max - min);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    // The largest belongs to the last cell.
    const cell = Math.min(cells.length - 1, Math.floor((value - min) * scale));
    cells[cell] = cells[cell]! + 1;
  }
  return { min, max, count, sum, sumOfSquares, cells };
}
