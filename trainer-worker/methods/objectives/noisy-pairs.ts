import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';

/** An option of denoising objectives of many noise levels. */
export interface AntitheticOption {
  /**
   * Look at each row with its noise and with the opposite noise as well: twice the scores a step, and
   * far less chance in the gradient at low noise levels, where what the noise alone adds cancels.
   * Default `true`.
   */
  readonly antithetic?: boolean;
}

/** The schema of {@link AntitheticOption}. @internal */
export const antitheticFields = { antithetic: z.boolean().default(true) };

/**
 * One number a row, uniform in 0 to 1 and spread evenly over it: row i draws from the i-th of `count`
 * equal parts, so that every batch has its share of each noise level (Kingma et al. 2021,
 * arXiv:2107.00630, appendix I.1, for times of a diffusion). Rows come in random order.
 *
 * @returns `[count]`
 */
export function spreadUniform(count: number): tf.Tensor1D {
  return tf.div(tf.add(tf.range(0, count), noise('uniform', [count])), count) as tf.Tensor1D;
}

/** Rows with noise added. */
interface NoisyRows {
  /** `[m, D]`, with m the number of rows or twice that. */
  readonly points: tf.Tensor2D;
  /** The standard Gaussians in them, `[m, D]`. */
  readonly z: tf.Tensor2D;
  /** Their noise levels, `[m]`. */
  readonly level: tf.Tensor1D;
}

/**
 * `x + σz` for rows `[n, D]` with levels σ `[n]`; where `antithetic`, `x - σz` follows.
 */
export function noisyRows(x: tf.Tensor2D, level: tf.Tensor1D, antithetic: boolean): NoisyRows {
  const drawn = noise('normal', x.shape);
  const added = tf.mul(drawn, tf.expandDims(level, 1));
  const points = tf.add(x, added) as tf.Tensor2D;
  if (!antithetic) return { points, z: drawn as tf.Tensor2D, level };
  return {
    points: tf.concat([points, tf.sub(x, added) as tf.Tensor2D]),
    z: tf.concat([drawn, tf.neg(drawn)]) as tf.Tensor2D,
    level: tf.concat([level, level]),
  };
}
