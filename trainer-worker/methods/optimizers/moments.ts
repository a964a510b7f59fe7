import * as tf from '@tensorflow/tfjs';

/**
 * An exponential moving average, `average + (1 − β) (value − average)`.
 *
 * Not `β · average + (1 − β) · value`: the float32 roundings of β and of 1 − β do not add up to one,
 * which by β = 0.9999 shifts the average by 3e-4 of its value. This one stands still where it should,
 * and an average of squares never becomes negative.
 */
export function movingAverage(average: tf.Tensor, value: tf.Tensor, beta: number): tf.Tensor {
  // 0 · (an infinite past) would be NaN, and three passes over the parameter are saved.
  if (beta === 0) return value;
  return tf.add(average, tf.mul(tf.sub(value, average), 1 - beta));
}

/**
 * `1 − β^step`: how much of its full weight an average that began at zero has after `step` values.
 *
 * As −expm1(step · ln β), the logarithm taken in float64. For negative x, expm1 never enlarges a
 * relative error of x, so the result is good to a few roundings at any step; 1 − pow(β, step) would
 * lose three digits to cancellation at β = 0.999, step = 1.
 */
export function filledShare(beta: number, step: tf.Scalar): tf.Scalar {
  if (beta === 0) return tf.scalar(1);
  return tf.neg(tf.expm1(tf.mul(step, Math.log(beta))));
}
