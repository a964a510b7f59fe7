import * as tf from '@tensorflow/tfjs';

/**
 * `mean E⁺ - mean E⁻ + α (mean (E⁺)² + mean (E⁻)²)`: its gradient in the parameters is that of the
 * negative log-likelihood where the samples are the model's, plus the penalty's (Du & Mordatch,
 * arXiv:1903.08689).
 *
 * @param ofData E⁺, energies of data, `[n]`
 * @param ofSamples E⁻, energies of samples that count as constants, `[m]`
 * @param energyPenalty α
 * @returns a scalar
 */
export function contrastiveLoss(
  ofData: tf.Tensor,
  ofSamples: tf.Tensor,
  energyPenalty: number,
): tf.Scalar {
  const contrast: tf.Scalar = tf.sub(tf.mean(ofData), tf.mean(ofSamples));
  if (energyPenalty === 0) return contrast;
  const squares = tf.add(tf.mean(tf.square(ofData)), tf.mean(tf.square(ofSamples)));
  return tf.add(contrast, tf.mul(squares, energyPenalty));
}
