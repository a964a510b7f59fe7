import * as tf from '@tensorflow/tfjs';
import type { Evaluated } from './evaluated';

/** The mean `x + ε²/2 · score` of a Langevin step, `[n, D]`; its standard deviation is ε. */
export function langevinMean({ x, score }: Evaluated, stepSize: tf.Tensor | number): tf.Tensor2D {
  return tf.add(x, tf.mul(score, tf.mul(tf.square(stepSize), 0.5)));
}

/**
 * The logarithm of the ratio of Metropolis and Hastings for a Langevin step,
 * `E(x) - E(x') + log q(x | x') - log q(x' | x)`, `[n, 1]`.
 *
 * @param stepSize ε: one for all, or `[n, 1]`
 */
export function logLangevinRatio(
  from: Evaluated,
  to: Evaluated,
  stepSize: tf.Tensor | number,
): tf.Tensor {
  const forth = sumOfSquares(tf.sub(to.x, langevinMean(from, stepSize)));
  const back = sumOfSquares(tf.sub(from.x, langevinMean(to, stepSize)));
  const proposals = tf.div(tf.sub(forth, back), tf.mul(tf.square(stepSize), 2));
  return tf.add(tf.sub(from.energy, to.energy), proposals);
}

/** Sums of squares over coordinates, `[n, 1]`. */
export function sumOfSquares(values: tf.Tensor): tf.Tensor {
  return tf.sum(tf.square(values), 1, true);
}
