import * as z from 'zod';
import { type NoiseName, type NoiseSpec, noiseNames, noises } from '../noise-distributions';
import { familySchema } from '../options/method-table';
import { integer } from '../options/numbers';

/** Options of objectives that tell data from noise. */
export interface NoiseOptions {
  /**
   * What the data are told from: any function of `noise`, such as `noise.studentT({ freedom: 5 })` or
   * your own by `noise.custom`; or for short `'gaussian'`, of the mean and the covariance of the training
   * rows, `'diagonalGaussian'`, of their variances alone, `'uniform'` in the shown window. The closer
   * noise is to the data, the more is learned from telling them apart; where data have tails, it should
   * have them as well. Default `'gaussian'`; binary data need another one, such as `noise.bernoulli()`.
   */
  readonly noise?: NoiseName | NoiseSpec;
  /** ν: draws of noise for each row of data, 1 to 1000. Default 1. */
  readonly noiseRatio?: number;
  /**
   * Whether each row of data has ν draws of its own, made once for the whole run by its seed: the
   * estimator of one sample of noise, of whose variance Gutmann & Hyvärinen (2012) speak. Default
   * `false`: draws are fresh in each step, which averages over noise.
   */
  readonly fixedNoise?: boolean;
}

const family: z.ZodType<NoiseSpec> = familySchema('noise', noises);

/** The schemas of {@link NoiseOptions}. @internal */
export const noiseFields = {
  noise: z.union([z.enum(noiseNames), family]).default('gaussian'),
  noiseRatio: integer(1, 1000).default(1),
  fixedNoise: z.boolean().default(false),
};
