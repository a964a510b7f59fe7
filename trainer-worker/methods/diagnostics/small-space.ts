import type { Bounds } from '../data/bounds';
import { levelCounts } from '../data/categories';
import type { Dataset } from '../data/dataset';
import type { Estimate } from './estimate';
import { RealSpace } from './real-space';
import { StateSpace, statesOfBits, statesOfLevels } from './state-space';

/** Energies of `[n, D]` points, `[n]`. */
export type EnergyOf = (points: Float32Array) => Promise<Float32Array>;

/** `[n, D]` points that a model may have its mass at, and their energies. */
export interface Probes {
  readonly points: Float32Array;
  readonly energies: Float32Array;
}

/** A space in which log Z is a sum or an integral that can be taken. */
export interface SmallSpace {
  /** @param field energies of the shown landscape, where they are known */
  measure(energy: EnergyOf, probes: Probes, field?: Float32Array): Promise<SpaceMeasure>;
}

/** What a model is over all of a small space; in nats, with bounds on the errors. */
export interface SpaceMeasure {
  /** log Z. */
  readonly logZ: Estimate;
  /** KL(data ‖ model), where the density of the data is known. */
  divergence(): Estimate;
  /** The same of both cut to the shown window, where space does not end there. */
  readonly inWindow?: Omit<SpaceMeasure, 'inWindow'>;
}

/** States that are all visited, at most: those of 16 bits. */
const mostStates = 2 ** 16;

/**
 * All states of few bits or categories, or the whole line or plane of one or two numbers.
 *
 * @param resolution cells along each side of the shown landscape; 0 where none is shown
 * @returns `undefined` where the space is too large
 */
export function smallSpaceOf(
  dataset: Dataset,
  bounds: Bounds,
  resolution: number,
): SmallSpace | undefined {
  const { domain, dimensions, categories = [] } = dataset;
  if (domain === 'binary' || domain === 'categorical') {
    const levels = domain === 'binary' ? undefined : levelCounts(categories);
    const states = levels ? levels.reduce((all, count) => all * count, 1) : 2 ** dimensions;
    if (states > mostStates) return undefined;
    return new StateSpace(levels ? statesOfLevels(levels) : statesOfBits(dimensions), dataset);
  }
  return dimensions <= 2 ? new RealSpace({ domain, bounds }, dataset, resolution) : undefined;
}
