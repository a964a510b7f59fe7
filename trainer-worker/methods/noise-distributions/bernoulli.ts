import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { specOf } from '../options/validate';
import type { NoiseMethod } from './noise-distribution';
import { momentsOfRows, type PerAxis, perAxis, perAxisOption } from './per-axis';

export interface BernoulliNoiseOptions {
  /**
   * The chance of a 1, of all columns or of each, above 0 and below 1. Default `null`: the share of
   * ones in the training rows with one row of zeros and one of ones added, so that nothing is
   * impossible.
   */
  readonly probability?: number | readonly number[] | null;
}

export interface BernoulliNoiseSpec {
  readonly type: 'bernoulli';
  readonly probability: PerAxis;
}

/** Independent bits, for binary data; its density is a probability. */
export function bernoulli(options?: BernoulliNoiseOptions): BernoulliNoiseSpec {
  return specOf(schema, 'noise.bernoulli', 'bernoulli', options);
}

const schema: z.ZodType<BernoulliNoiseSpec> = z.strictObject({
  type: z.literal('bernoulli'),
  probability: perAxisOption(z.number().gt(0).lt(1)),
});

/** @internal */
export const bernoulliMethod: NoiseMethod<BernoulliNoiseSpec, typeof bernoulli> = {
  create: bernoulli,
  schema,
  domains: () => ['binary'],
  build(spec, context) {
    const { means } = momentsOfRows(context);
    const count = context.rows.length / means.length;
    const smoothed = means.map((mean) => (mean * count + 1) / (count + 2));
    const chances = perAxis('noise.bernoulli', 'probability', spec.probability, smoothed);
    const logOdds = chances.map((chance) => Math.log(chance) - Math.log1p(-chance));
    const ofZeros = chances.reduce((sum, chance) => sum + Math.log1p(-chance), 0);
    return {
      sample: (count) =>
        tf.cast(tf.less(noise('uniform', [count, chances.length]), [...chances]), 'float32'),
      logDensity: (x) => tf.add(tf.sum(tf.mul(x, logOdds), 1), ofZeros) as tf.Tensor1D,
    };
  },
};
