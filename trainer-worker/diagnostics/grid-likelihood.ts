import type { Bounds } from '../data/bounds';

/**
 * The centres of `resolution` × `resolution` cells of a two-dimensional window, `[resolution², 2]`.
 * Row-major: the first coordinate changes fastest.
 */
export function gridPoints(bounds: Bounds, resolution: number): Float32Array {
  const [horizontal, vertical] = planeOf(bounds);
  const points = new Float32Array(resolution * resolution * 2);
  let i = 0;
  for (let row = 0; row < resolution; row++) {
    for (let column = 0; column < resolution; column++) {
      points[i++] = centre(horizontal, column, resolution);
      points[i++] = centre(vertical, row, resolution);
    }
  }
  return points;
}

/**
 * `log ∫ exp(-E(x)) dx` over the window by the midpoint rule; what lies outside is not counted.
 *
 * @param field energies at {@link gridPoints}
 * @returns nats
 */
export function logPartition(field: Float32Array, bounds: Bounds, resolution: number): number {
  const [horizontal, vertical] = planeOf(bounds);
  let lowest = Number.POSITIVE_INFINITY;
  for (const energy of field) lowest = Math.min(lowest, energy);
  let sum = 0;
  for (const energy of field) sum += Math.exp(lowest - energy);
  const cell =
    ((horizontal[1] - horizontal[0]) * (vertical[1] - vertical[0])) / (resolution * resolution);
  return Math.log(sum) - lowest + Math.log(cell);
}

/**
 * Mean log-likelihood of points with the given energies, in nats: `-mean E(x) - log Z`.
 *
 * Exact up to the grid: on a model of two-dimensional data nothing else is needed to compare models.
 */
export function meanLogLikelihood(energies: Float32Array, logZ: number): number {
  let sum = 0;
  for (const energy of energies) sum += energy;
  return -sum / energies.length - logZ;
}

function planeOf(bounds: Bounds): readonly [Bounds[number], Bounds[number]] {
  const [horizontal, vertical] = bounds;
  if (horizontal === undefined || vertical === undefined || bounds.length !== 2) {
    throw new RangeError(`A grid needs 2 dimensions, not ${bounds.length}.`);
  }
  return [horizontal, vertical];
}

function centre([low, high]: readonly [number, number], cell: number, cells: number): number {
  return low + ((cell + 0.5) * (high - low)) / cells;
}
