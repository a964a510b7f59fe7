import type { Bounds } from '../data/bounds';
import type { Domain } from '../data/domain';
import { gridPoints } from './grid';

/** Points that integrals over all of a small space are sums over. */
export interface Quadrature {
  /** `[n, D]`, row-major. */
  readonly points: Float32Array;
  /** log of the volume that each point stands for. */
  readonly logVolume: number;
}

interface Space {
  readonly domain: Domain;
  readonly bounds: Bounds;
}

/** Cells of the window of one-dimensional data. */
const cellsOfLine = 4096;
/** Cells along each side of the window of two-dimensional data, at least. */
const cellsOfPlane = 96;
/** Bits whose states are all visited: 65 536 at most. */
const mostBits = 16;

/**
 * All states of few bits, or the cells of the shown window in one or two dimensions (the midpoint rule;
 * what lies outside the window is not counted).
 *
 * @param resolution cells along each side of the plane, where the landscape is shown with so many
 * @returns `undefined` where the space is too large
 */
export function quadratureOf(
  { domain, bounds }: Space,
  resolution: number,
): Quadrature | undefined {
  const dimensions = bounds.length;
  if (domain === 'binary') return dimensions <= mostBits ? allStates(dimensions) : undefined;
  if (dimensions > 2) return undefined;
  const cells = dimensions === 1 ? cellsOfLine : Math.max(cellsOfPlane, resolution);
  const volume = bounds.reduce((product, [low, high]) => (product * (high - low)) / cells, 1);
  return { points: gridPoints(bounds, cells), logVolume: Math.log(volume) };
}

/** Every row of `bits` zeros and ones. */
function allStates(bits: number): Quadrature {
  const points = new Float32Array(2 ** bits * bits);
  for (let i = 0; i < points.length; i++) points[i] = (Math.floor(i / bits) >> (i % bits)) & 1;
  return { points, logVolume: 0 };
}

/**
 * `log Z = log ∫ exp(-E(x)) dx`, or the sum over all states.
 *
 * @param energies at the quadrature's points
 * @returns nats
 */
export function logPartition(energies: Float32Array, { logVolume }: Quadrature): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const energy of energies) lowest = Math.min(lowest, energy);
  let sum = 0;
  for (const energy of energies) sum += Math.exp(lowest - energy);
  return Math.log(sum) - lowest + logVolume;
}
