import type { Random } from '../../compiler/random/random';
import type { Rows } from '../data/rows';

/** Points that measures of pairs look at on each side: pairs grow with the square. */
export const mostPoints = 1024;

/** Different rows by chance, `[count, D]`; all of them, in their order, where there are not more. */
export function someRows(
  rows: Rows,
  dimensions: number,
  count: number,
  random: Random,
): Float32Array {
  const all = rows.length / dimensions;
  if (count >= all) return rows.subarray();
  const chosen = new Float32Array(count * dimensions);
  for (const [i, row] of random.distinct(count, all).entries()) {
    chosen.set(rows.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  }
  return chosen;
}

/** Squared Euclidean distances of all `[n, D]` from all `[m, D]`, `[n, m]`. */
export function squaredDistances(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  dimensions: number,
): Float64Array {
  const [n, m] = [xs.length / dimensions, ys.length / dimensions];
  const distances = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++) {
        const apart = xs[i * dimensions + d]! - ys[j * dimensions + d]!;
        sum += apart * apart;
      }
      distances[i * m + j] = sum;
    }
  }
  return distances;
}
