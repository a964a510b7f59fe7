import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { deviationsOf } from '../data/moments';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { NoiseMethod } from './noise-distribution';
import { momentsOfRows, type PerAxis, perAxis, perAxisOption } from './per-axis';

export interface StudentTNoiseOptions {
  /** Degrees of freedom, 1 (Cauchy, the heaviest tails) to 1000 (nearly Gaussian). Default 3. */
  readonly freedom?: number;
  /** The middle, of all columns or of each, in units of the rows that are trained on. Default `null`: the mean of the data. */
  readonly mean?: number | readonly number[] | null;
  /** The scale, of all columns or of each, above 0. Default `null`: the deviation of the data. */
  readonly scale?: number | readonly number[] | null;
}

export interface StudentTNoiseSpec {
  readonly type: 'studentT';
  readonly freedom: number;
  readonly mean: PerAxis;
  readonly scale: PerAxis;
}

/**
 * The multivariate t distribution `mean + scale · z / sqrt(χ²_ν / ν)` with one χ² for all columns of a
 * row: a Gaussian with tails of a power, so that no row of data is out of the noise's reach.
 */
export function studentT(options?: StudentTNoiseOptions): StudentTNoiseSpec {
  return specOf(schema, 'noise.studentT', 'studentT', options);
}

const schema: z.ZodType<StudentTNoiseSpec> = z.strictObject({
  type: z.literal('studentT'),
  freedom: integer(1, 1000).default(3),
  mean: perAxisOption(z.number()),
  scale: perAxisOption(positive),
});

/** @internal */
export const studentTMethod: NoiseMethod<StudentTNoiseSpec, typeof studentT> = {
  create: studentT,
  schema,
  build({ freedom, ...spec }, context) {
    const moments = momentsOfRows(context);
    const mean = perAxis('noise.studentT', 'mean', spec.mean, moments.means);
    const scale = perAxis('noise.studentT', 'scale', spec.scale, deviationsOf(moments));
    const dimensions = mean.length;
    const constant =
      logGammaOfHalf(freedom + dimensions) -
      logGammaOfHalf(freedom) -
      (dimensions / 2) * Math.log(freedom * Math.PI) -
      scale.reduce((sum, s) => sum + Math.log(s), 0);
    return {
      sample(count) {
        const z = noise('normal', [count, dimensions]);
        const squares = tf.sum(tf.square(noise('normal', [count, freedom])), 1, true);
        const t = tf.div(z, tf.sqrt(tf.div(squares, freedom)));
        return tf.add(tf.mul(t, [...scale]), [...mean]) as tf.Tensor2D;
      },
      logDensity(x) {
        const z = tf.div(tf.sub(x, [...mean]), [...scale]);
        const tail = tf.log1p(tf.div(tf.sum(tf.square(z), 1), freedom));
        return tf.sub(constant, tf.mul(tail, (freedom + dimensions) / 2)) as tf.Tensor1D;
      },
    };
  },
};

/** log Γ(n / 2) for n = 1, 2, …, by Γ(x + 1) = x Γ(x) from Γ(½) = √π or Γ(1) = 1. */
function logGammaOfHalf(n: number): number {
  let sum = n % 2 === 1 ? Math.log(Math.PI) / 2 : 0;
  for (let x = n / 2 - 1; x > 0; x--) sum += Math.log(x);
  return sum;
}
