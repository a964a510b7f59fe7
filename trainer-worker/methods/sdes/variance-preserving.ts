import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { type LinearRateOptions, linearRate, linearRateFields } from './linear-rate';
import type { SdeMethod } from './sde-method';

export interface VariancePreservingSpec extends Required<LinearRateOptions> {
  readonly type: 'variancePreserving';
}

/**
 * The data shrink as the noise comes in, `dx = -½ β x dt + √β dw`, so that data of variance 1 keep it:
 * the continuous form of denoising diffusion (Ho et al. 2020; Song et al. 2021, arXiv:2011.13456,
 * equation 11). For standardised data.
 */
export function variancePreserving(options?: LinearRateOptions): VariancePreservingSpec {
  return specOf(schema, 'sde.variancePreserving', 'variancePreserving', options);
}

const schema: z.ZodType<VariancePreservingSpec> = z.strictObject({
  type: z.literal('variancePreserving'),
  ...linearRateFields,
});

/** @internal */
export const variancePreservingMethod: SdeMethod<
  VariancePreservingSpec,
  typeof variancePreserving
> = {
  create: variancePreserving,
  schema,
  build(spec) {
    const rate = linearRate(spec);
    const deviationAt = (t: number) => Math.sqrt(-Math.expm1(-rate.integralTo(t)));
    return {
      mean: (t) => tf.exp(tf.mul(rate.integral(t), -0.5)),
      // 1 - exp(-∫β) without cancelling where little noise is in.
      deviation: (t) => tf.sqrt(tf.neg(tf.expm1(tf.neg(rate.integral(t))))),
      squaredDiffusion: rate.at,
      end: spec.end,
      lowest: deviationAt(spec.end),
      highest: deviationAt(1),
    };
  },
};
