import * as z from 'zod';
import { type NoiseName, noiseDistributions } from '../noise-distributions';
import { integer } from '../options/numbers';

/** Options of objectives that tell data from noise. */
export interface NoiseOptions {
  /**
   * What the data are told from. `'gaussian'` has the mean and the covariance of the training rows,
   * `'diagonalGaussian'` their variances alone, `'uniform'` fills the shown window. The closer noise is
   * to the data, the more is learned from telling them apart. Default `'gaussian'`.
   */
  readonly noise?: NoiseName;
  /** ν: draws of noise for each row of data, 1 to 1000. Default 1. */
  readonly noiseRatio?: number;
}

/** The schemas of {@link NoiseOptions}. @internal */
export const noiseShape = {
  noise: z.enum(Object.keys(noiseDistributions) as NoiseName[]).default('gaussian'),
  noiseRatio: integer(1, 1000).default(1),
};
