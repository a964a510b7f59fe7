import type { PreviewEnergies } from '../../protocol/run';
import { type Histogram, histogram } from './histogram';

/** Whose energies are told apart, and what they are called. */
export const distributionNames = {
  data: 'Data',
  heldOut: 'Held-out rows',
  samples: 'Samples',
  outOfDistribution: 'Other data',
} as const satisfies Record<keyof PreviewEnergies, string>;

/** The energies of rows of one kind. */
export interface Distribution {
  readonly of: keyof PreviewEnergies;
  readonly histogram: Histogram;
  /** How many there are, and how many of them are no finite number. */
  readonly count: number;
  readonly notFinite: number;
  /** Of those that are finite; NaN where there are none. */
  readonly mean: number;
  readonly deviation: number;
}

/** Distributions over one range, in bins of one width. */
export interface Distributions {
  readonly low: number;
  readonly high: number;
  readonly all: readonly Distribution[];
}

export const distributionBins = 48;

/** The distributions of energies over what all of them span; `undefined` where none is finite. */
export function distributionsOf(energies: PreviewEnergies): Distributions | undefined {
  const parts = (Object.keys(distributionNames) as (keyof PreviewEnergies)[]).flatMap((of) => {
    const values = energies[of];
    if (values === undefined || values.length === 0) return [];
    return [{ of, count: values.length, finite: values.filter(Number.isFinite) }];
  });
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { finite } of parts) {
    for (const value of finite) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(low <= high)) return undefined;
  // All in one place still need some width to be drawn in.
  const margin = high > low ? 0 : Math.max(0.5, Math.abs(low) / 100);
  const range = { low: low - margin, high: high + margin };
  return {
    ...range,
    all: parts.map(({ of, count, finite }) => ({
      of,
      count,
      notFinite: count - finite.length,
      histogram: histogram(finite, range.low, range.high, distributionBins),
      ...momentsOf(finite),
    })),
  };
}

function momentsOf(values: Float32Array): Pick<Distribution, 'mean' | 'deviation'> {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}
