import type { Random } from '../../compiler/random/random';
import { uniformLevels } from './categories';
import { type Domain, isDiscrete } from './domain';
import { blocksOf, type Rows } from './rows';

/** A window, `[low, high]` per dimension. */
export type Bounds = readonly (readonly [number, number])[];

/**
 * The window around `[n, D]` points: their range, widened on each side by a share of its width.
 *
 * @param domain it is cut at zero for data that are not negative, and around 0 and 1 for binary and categorical ones
 */
export function boundsOf(points: Rows, dimensions: number, domain: Domain = 'real'): Bounds {
  if (isDiscrete(domain)) return Array.from({ length: dimensions }, () => [-margin, 1 + margin]);
  const lows = new Float64Array(dimensions).fill(Number.POSITIVE_INFINITY);
  const highs = new Float64Array(dimensions).fill(Number.NEGATIVE_INFINITY);
  for (const [, block] of blocksOf(points, dimensions)) {
    for (const [i, value] of block.entries()) {
      const d = i % dimensions;
      lows[d] = Math.min(lows[d]!, value);
      highs[d] = Math.max(highs[d]!, value);
    }
  }
  return Array.from(lows, (low, d) => {
    const high = highs[d]!;
    // A constant column has no width of its own.
    const width = high > low ? high - low : Math.max(1, Math.abs(high));
    const from = low - margin * width;
    return [domain === 'nonnegative' ? Math.max(0, from) : from, high + margin * width] as const;
  });
}

/** The share of its width that a window is widened by: room to see chains that have not arrived yet. */
const margin = 0.25;

/**
 * `[count, D]` points, uniform in the window; uniform over 0 and 1 for binary data, over the levels of each
 * category for categorical ones.
 *
 * @param levels how many each category has, of categorical data
 */
export function uniformIn(
  bounds: Bounds,
  count: number,
  random: Random,
  domain: Domain = 'real',
  levels: readonly number[] = [],
): Float32Array {
  if (domain === 'categorical') return uniformLevels(levels, count, random);
  const points = new Float32Array(count * bounds.length);
  let i = 0;
  for (let row = 0; row < count; row++) {
    for (const [low, high] of bounds) {
      const share = random.uniform();
      points[i++] = domain === 'binary' ? Number(share >= 0.5) : low + (high - low) * share;
    }
  }
  return points;
}
