import * as tf from '@tensorflow/tfjs';
import { noise } from '../../compiler/trace/trace';

/** Whether proposals are taken. */
interface Decision {
  /** `[n, 1]` booleans. */
  readonly accepted: tf.Tensor;
  /** The probability to accept, `[n, 1]`. */
  readonly acceptance: tf.Tensor;
}

/**
 * The rule of Metropolis and Hastings: a proposal is taken with probability `min(1, exp(logRatio))`,
 * and never where the ratio is not a number.
 *
 * @param logRatio `[n, 1]`
 * @param uniform `[n, 1]` numbers that decide, uniform in 0 to 1
 */
export function decide(
  logRatio: tf.Tensor,
  uniform: tf.Tensor = noise('uniform', logRatio.shape),
): Decision {
  // A comparison with NaN is false: what overflowed is refused.
  const known = tf.greater(logRatio, -100);
  const safe = tf.where(known, logRatio, tf.zerosLike(logRatio));
  const probability = tf.mul(tf.exp(tf.minimum(safe, 0)), tf.cast(known, 'float32'));
  return {
    accepted: tf.less(uniform, probability),
    acceptance: probability,
  };
}
