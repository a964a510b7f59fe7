import type { Dataset } from '../data/dataset';
import { blocksOf, type Rows } from '../data/rows';
import type { KnownEstimate } from './estimate';
import { mean } from './mean';

/**
 * The mean of log-densities of rows, less a constant that is not known here, in units of the file that
 * they are from.
 *
 * @param energies minus the log-density of each row in model space, `[n]`, up to that constant
 * @param rows `[n, D]`
 */
export function meanLogDensity(
  energies: Float32Array,
  rows: Rows,
  { dimensions, logScale = 0 }: Pick<Dataset, 'dimensions' | 'logScale'>,
): KnownEstimate {
  if (typeof logScale === 'number') {
    const { value, error } = mean(energies);
    return { value: -value - logScale, error };
  }
  const logDensities = new Float64Array(energies.length);
  for (const [start, block] of blocksOf(rows, dimensions)) {
    for (let from = 0; from < block.length; from += dimensions) {
      const row = (start + from) / dimensions;
      const point = block.subarray(from, from + dimensions);
      logDensities[row] = -energies[row]! - logScale(point);
    }
  }
  return mean(logDensities);
}
