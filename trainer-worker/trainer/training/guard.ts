import type { GuardSpec } from '../experiment/guard-options';
import type { StepMetrics } from './training-step';

const withUnits = 'energy/samples with hidden units';

/** Quantities that are watched: how they are called, what they are, and their limit. */
const watched: readonly {
  readonly name: string;
  readonly of: (metrics: StepMetrics) => number | undefined;
  readonly limit: (spec: GuardSpec) => number | null;
}[] = [
  {
    name: 'The mean energy of the data',
    of: (metrics) => metrics['energy/data'],
    limit: ({ energy }) => energy,
  },
  {
    name: 'The mean energy of the samples',
    of: (metrics) => metrics['energy/samples'],
    limit: ({ energy }) => energy,
  },
  {
    name: 'The gap between the energies of data and samples',
    of({ 'energy/data': data, 'energy/samples': samples }) {
      return data === undefined || samples === undefined ? undefined : data - samples;
    },
    limit: ({ energyGap }) => energyGap,
  },
  // Of a model with units that cannot be summed out, samples have energies with these; see contrastive-loss.
  {
    name: 'The mean energy of the samples with their hidden units',
    of: (metrics) => metrics[withUnits],
    limit: ({ energy }) => energy,
  },
  {
    name: 'The gap between the energies of data and of samples with their hidden units',
    of({ 'energy/data': data, [withUnits]: samples }) {
      return data === undefined || samples === undefined ? undefined : data - samples;
    },
    limit: ({ energyGap }) => energyGap,
  },
  {
    name: 'The gradient norm',
    of: (metrics) => metrics['gradient norm'],
    limit: ({ gradientNorm }) => gradientNorm,
  },
];

/** Watches a training. What was told once is told again only after all was well in between. */
export class Guard {
  readonly #spec: GuardSpec;
  #isTold = false;

  constructor(spec: GuardSpec) {
    this.#spec = spec;
  }

  /** Something was done about it: if it is still so, it is told again. */
  rearm(): void {
    this.#isTold = false;
  }

  /** What is beyond its limit, as a sentence with its number; `undefined` where all is well. */
  check(metrics: StepMetrics): string | undefined {
    for (const { name, of, limit: limitOf } of watched) {
      const value = of(metrics);
      const most = limitOf(this.#spec);
      if (value === undefined || most === null || Math.abs(value) <= most) continue;
      if (this.#isTold) return undefined;
      this.#isTold = true;
      return `${name} is ${Number(value.toPrecision(3))}, beyond the limit of ${most}.`;
    }
    this.#isTold = false;
    return undefined;
  }
}
