import type { Rows } from './rows';

/**
 * Some of `[n, D]` rows, evenly spread over all of them: enough to tell moments by.
 *
 * @param most how many at most; all of fewer
 * @returns `[m, D]`, a copy
 */
export function sampledRows(rows: Rows, dimensions: number, most = 4096): Float32Array {
  const count = rows.length / dimensions;
  const taken = Math.min(count, most);
  const sample = new Float32Array(taken * dimensions);
  for (let i = 0; i < taken; i++) {
    const row = Math.floor((i * count) / taken);
    sample.set(rows.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
  }
  return sample;
}
