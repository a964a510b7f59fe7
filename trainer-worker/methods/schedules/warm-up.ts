import * as tf from '@tensorflow/tfjs';
import { integer } from '../options/numbers';

/** The option that every schedule has. */
export interface WarmUpOptions {
  /**
   * Updates over which the rate first rises in a straight line: update t of them has t/warmup of
   * what it would have. 0 to 1 000 000 000. Default 0.
   */
  readonly warmup?: number;
}

/** The schema of {@link WarmUpOptions}. @internal */
export const warmUpFields = { warmup: integer(0, 1_000_000_000).default(0) };

/** The update whose rate is the peak: the last one of the warm-up, or the first. @internal */
export const peakUpdate = (warmup: number): number => Math.max(warmup, 1);

/** `rate`, scaled up to its full size over the first updates. @internal */
export function warmedUp(rate: tf.Scalar, step: tf.Scalar, warmup: number): tf.Scalar {
  return warmup <= 1 ? rate : tf.mul(rate, tf.minimum(tf.div(step, warmup), 1));
}

/** How much of the way from update `start` to update `end` lies behind: 0 before, 1 after. @internal */
export function progress(step: tf.Scalar, start: number, end: number): tf.Scalar {
  return tf.clipByValue(tf.div(tf.sub(step, start), end - start), 0, 1);
}
