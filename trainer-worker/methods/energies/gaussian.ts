import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import type { EnergyMethod } from './energy-method';
import { upperTriangle } from './triangle';

/** It has no options. */
export type GaussianOptions = Readonly<Record<string, never>>;

export interface GaussianSpec {
  readonly type: 'gaussian';
}

/**
 * A Gaussian with any covariance: `E(x) = ½ |U (x - μ)|²`, where UᵀU is the precision and U has
 * `exp(logDiagonal)` on its diagonal, so that it stays positive. It begins as N(0, 1).
 *
 * `log Z = D/2 · log 2π - Σ logDiagonal` exactly: what other methods estimate can be compared with it.
 * Parameters `mean` and `logDiagonal` `[D]` and, for D > 1, `factor` `[D, D]`, of which the part above
 * the diagonal counts.
 */
export function gaussian(options?: GaussianOptions): GaussianSpec {
  return specOf(schema, 'energy.gaussian', 'gaussian', options);
}

const schema: z.ZodType<GaussianSpec> = z.strictObject({ type: z.literal('gaussian') });

/** @internal */
export const gaussianMethod: EnergyMethod<GaussianSpec, typeof gaussian> = {
  create: gaussian,
  schema,
  domains: ['real'],
  build: (_spec, dimensions) => ({
    init: () => ({
      mean: tf.zeros([dimensions]),
      logDiagonal: tf.zeros([dimensions]),
      ...(dimensions > 1 ? { factor: tf.zeros([dimensions, dimensions]) } : {}),
    }),
    energy({ mean, logDiagonal, factor }, x) {
      const centred = tf.sub(x, mean!) as tf.Tensor2D;
      const along = tf.mul(centred, tf.exp(logDiagonal!));
      if (factor === undefined) return tf.mul(tf.sum(tf.square(along), 1), 0.5);
      const upper = tf.mul(factor, upperTriangle(dimensions)) as tf.Tensor2D;
      const whitened = tf.add(along, tf.matMul(centred, upper, false, true));
      return tf.mul(tf.sum(tf.square(whitened), 1), 0.5);
    },
    logPartition: ({ logDiagonal }) =>
      tf.sub((dimensions / 2) * Math.log(2 * Math.PI), tf.sum(logDiagonal!)),
  }),
};
