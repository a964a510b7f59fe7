import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { deviationsOf } from '../data/moments';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { NoiseMethod } from './noise-distribution';
import { momentsOfRows, type PerAxis, perAxis, perAxisOption } from './per-axis';

export interface LaplaceNoiseOptions {
  /** The middle, of all columns or of each, in units of the rows that are trained on. Default `null`: the mean of the data. */
  readonly mean?: number | readonly number[] | null;
  /**
   * b, the mean distance from the middle, of all columns or of each; above 0. Default `null`: that
   * with the variance of the data, 2b².
   */
  readonly scale?: number | readonly number[] | null;
}

export interface LaplaceNoiseSpec {
  readonly type: 'laplace';
  readonly mean: PerAxis;
  readonly scale: PerAxis;
}

/**
 * Independent columns of density `exp(-|x - mean| / b) / 2b`: tails that fall off slower than a
 * Gaussian's, so that rows far out are still told from something.
 */
export function laplace(options?: LaplaceNoiseOptions): LaplaceNoiseSpec {
  return specOf(schema, 'noise.laplace', 'laplace', options);
}

const schema: z.ZodType<LaplaceNoiseSpec> = z.strictObject({
  type: z.literal('laplace'),
  mean: perAxisOption(z.number()),
  scale: perAxisOption(positive),
});

/** @internal */
export const laplaceMethod: NoiseMethod<LaplaceNoiseSpec, typeof laplace> = {
  create: laplace,
  schema,
  build(spec, context) {
    const moments = momentsOfRows(context);
    const mean = perAxis('noise.laplace', 'mean', spec.mean, moments.means);
    const fitted = deviationsOf(moments).map((deviation) => deviation / Math.SQRT2);
    const scale = perAxis('noise.laplace', 'scale', spec.scale, fitted);
    const constant = -scale.reduce((sum, b) => sum + Math.log(2 * b), 0);
    return {
      sample(count) {
        const shape = [count, mean.length];
        // 1 - u is in (0, 1]: an exponential distance, finite always, and a sign.
        const distance = tf.neg(tf.log(tf.sub(1, noise('uniform', shape))));
        const signed = tf.mul(noise('rademacher', shape), distance);
        return tf.add(tf.mul(signed, [...scale]), [...mean]) as tf.Tensor2D;
      },
      logDensity(x) {
        const distance = tf.div(tf.abs(tf.sub(x, [...mean])), [...scale]);
        return tf.sub(constant, tf.sum(distance, 1)) as tf.Tensor1D;
      },
    };
  },
};
