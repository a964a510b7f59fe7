import * as z from 'zod';
import { familySchema } from '../options/method-table';
import { notNegative } from '../options/numbers';
import { type SamplerSpec, samplers } from '../samplers';
import { type Contrast, contrasts } from './contrast';

/** What every contrastive loss can be told. */
export interface ContrastOptions {
  /**
   * α in `α · (mean E(data)² + mean E(samples)²)`, which keeps energies near zero, 0 to 1000.
   * Default 0.
   */
  readonly energyPenalty?: number;
  /**
   * How energies E⁺ of data and E⁻ of samples are set against each other. Default `'difference'`,
   * `mean E⁺ - mean E⁻`: the gradient of the likelihood. `'logSumExp'` weighs the samples by
   * `softmax(-E⁻)`, and `'softplus'` is `mean softplus(E⁺ - E⁻)`: biased, and steadier.
   */
  readonly contrast?: Contrast;
}

/** Options that every contrastive objective with a sampler of the user's has. */
export interface ContrastiveOptions extends ContrastOptions {
  /** What moves the chains, for example `sampler.langevin({ steps: 20 })`. */
  readonly sampler: SamplerSpec;
}

/** The schemas of {@link ContrastOptions}. @internal */
export const contrastFields = {
  energyPenalty: notNegative.max(1000).default(0),
  contrast: z.enum(Object.keys(contrasts) as Contrast[]).default('difference'),
};

/** The schemas of {@link ContrastiveOptions}. @internal */
export const contrastiveFields = {
  sampler: familySchema('sampler', samplers),
  ...contrastFields,
};
