import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { areInOrder, wrongOrder } from '../noise-distributions/noise-levels';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { SdeMethod } from './sde-method';

export interface VarianceExplodingOptions {
  /**
   * The noise level at time 1, in units of the data, above `lowest` to 1000; about the largest distance
   * in it. Default 5.
   */
  readonly highest?: number;
  /** The noise level at time 0, above 0 and below `highest`: the one that is shown. Default 0.05. */
  readonly lowest?: number;
}

export interface VarianceExplodingSpec extends Required<VarianceExplodingOptions> {
  readonly type: 'varianceExploding';
}

/**
 * The data stay where they are and noise is added without limit, `σ(t) = lowest · (highest/lowest)^t`:
 * the continuous form of geometric noise levels (Song et al. 2021, arXiv:2011.13456, equation 9).
 */
export function varianceExploding(options?: VarianceExplodingOptions): VarianceExplodingSpec {
  return specOf(schema, 'sde.varianceExploding', 'varianceExploding', options);
}

const schema: z.ZodType<VarianceExplodingSpec> = z
  .strictObject({
    type: z.literal('varianceExploding'),
    highest: positive.max(1000).default(5),
    lowest: positive.max(1000).default(0.05),
  })
  .refine(areInOrder, wrongOrder);

/** @internal */
export const varianceExplodingMethod: SdeMethod<VarianceExplodingSpec, typeof varianceExploding> = {
  create: varianceExploding,
  schema,
  build({ highest, lowest }) {
    const growth = Math.log(highest / lowest);
    const deviation = (t: tf.Tensor) => tf.mul(tf.exp(tf.mul(t, growth)), lowest);
    return {
      mean: (t) => tf.onesLike(t),
      deviation,
      squaredDiffusion: (t) => tf.mul(tf.square(deviation(t)), 2 * growth),
      end: 0,
      lowest,
      highest,
    };
  },
};
