/** Mean and standard deviation (over n) of a column. */
export interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** Column `dimension` of `[count, dimensions]` rows. */
export function column(values: Float32Array, dimensions: number, dimension: number): Float32Array {
  const found = new Float32Array(Math.floor(values.length / dimensions));
  for (let row = 0; row < found.length; row++) found[row] = values[row * dimensions + dimension]!;
  return found;
}

/** Two columns of `[count, dimensions]` rows, interleaved as points of a plane. */
export function plane(
  values: Float32Array,
  dimensions: number,
  [x, y]: readonly [number, number],
): Float32Array {
  if (dimensions === 2 && x === 0 && y === 1) return values;
  const count = Math.floor(values.length / dimensions);
  const points = new Float32Array(2 * count);
  for (let row = 0; row < count; row++) {
    points[2 * row] = values[row * dimensions + x]!;
    points[2 * row + 1] = values[row * dimensions + y]!;
  }
  return points;
}

/** How many of a column's values are each of `levels` whole numbers from 0, as shares of all. */
export function shares(values: Float32Array, levels: number): readonly number[] {
  const found = new Array<number>(levels).fill(0);
  for (const value of values) if (value in found) found[value]! += 1 / values.length;
  return found;
}

/** Mean and deviation of a column; none of nothing. */
export function moments(values: Float32Array): Moments | undefined {
  if (values.length === 0) return undefined;
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let k = 0; k < values.length; k++) squares += (values[k]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}
