import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { type LinearRateOptions, linearRate, linearRateFields } from './linear-rate';
import type { SdeMethod } from './sde-method';

export interface SubVariancePreservingSpec extends Required<LinearRateOptions> {
  readonly type: 'subVariancePreserving';
}

/**
 * Like `variancePreserving` with less noise at each time, `g² = β (1 - exp(-2 ∫β))` and a deviation of
 * `1 - exp(-∫β)`; better for likelihoods (Song et al. 2021, arXiv:2011.13456, equation 12).
 */
export function subVariancePreserving(options?: LinearRateOptions): SubVariancePreservingSpec {
  return specOf(schema, 'sde.subVariancePreserving', 'subVariancePreserving', options);
}

const schema: z.ZodType<SubVariancePreservingSpec> = z.strictObject({
  type: z.literal('subVariancePreserving'),
  ...linearRateFields,
});

/** @internal */
export const subVariancePreservingMethod: SdeMethod<
  SubVariancePreservingSpec,
  typeof subVariancePreserving
> = {
  create: subVariancePreserving,
  schema,
  build(spec) {
    const rate = linearRate(spec);
    const deviationAt = (t: number) => -Math.expm1(-rate.integralTo(t));
    return {
      mean: (t) => tf.exp(tf.mul(rate.integral(t), -0.5)),
      deviation: (t) => tf.neg(tf.expm1(tf.neg(rate.integral(t)))),
      squaredDiffusion: (t) => tf.neg(tf.mul(rate.at(t), tf.expm1(tf.mul(rate.integral(t), -2)))),
      end: spec.end,
      lowest: deviationAt(spec.end),
      highest: deviationAt(1),
    };
  },
};
