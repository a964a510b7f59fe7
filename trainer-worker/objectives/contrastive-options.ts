import { familySchema } from '../options/method-table';
import { notNegative } from '../options/numbers';
import { type SamplerSpec, samplers } from '../samplers';

/** Options that every contrastive objective has. */
export interface ContrastiveOptions {
  /** What moves the chains, for example `sampler.langevin({ steps: 20 })`. */
  readonly sampler: SamplerSpec;
  /**
   * α in `α · (mean E(data)² + mean E(samples)²)`, which keeps energies near zero, 0 to 1000.
   * Default 0.
   */
  readonly energyPenalty?: number;
}

/** The schemas of {@link ContrastiveOptions}. @internal */
export const contrastiveShape = {
  sampler: familySchema('sampler', samplers),
  energyPenalty: notNegative.max(1000).default(0),
};
