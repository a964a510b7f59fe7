import type { Random } from '../random/random';

/** A window, `[low, high]` per dimension. */
export type Bounds = readonly (readonly [number, number])[];

/**
 * The window around `[n, D]` points: their range, widened on each side by a share of its width.
 *
 * @param margin the share; 0.25 leaves room to see chains that have not arrived yet
 */
export function boundsOf(points: Float32Array, dimensions: number, margin = 0.25): Bounds {
  return Array.from({ length: dimensions }, (_, d) => {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let i = d; i < points.length; i += dimensions) {
      low = Math.min(low, points[i]!);
      high = Math.max(high, points[i]!);
    }
    // A constant column has no width of its own.
    const width = high > low ? high - low : Math.max(1, Math.abs(high));
    return [low - margin * width, high + margin * width] as const;
  });
}

/** `[count, D]` points, uniform in the window. */
export function uniformIn(bounds: Bounds, count: number, random: Random): Float32Array {
  const points = new Float32Array(count * bounds.length);
  let i = 0;
  for (let row = 0; row < count; row++) {
    for (const [low, high] of bounds) points[i++] = low + (high - low) * random.uniform();
  }
  return points;
}
