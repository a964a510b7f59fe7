import * as tf from '@tensorflow/tfjs';
import { stopGradient } from '../../compiler/trace/trace';

/** How energies of data and of samples are set against each other. */
export type Contrast = 'difference' | 'logSumExp' | 'softplus';

/**
 * Every form of the contrast, from `[n]` energies of data and `[n]` energies of samples to a scalar:
 * the three of the code that came with Du & Mordatch (arXiv:1903.08689). To add one, add its row and
 * its name to {@link Contrast}.
 */
export const contrasts: Readonly<
  Record<Contrast, (ofData: tf.Tensor, ofSamples: tf.Tensor) => tf.Tensor>
> = {
  /** `mean E⁺ - mean E⁻`: the gradient of the likelihood, where the samples are the model's. */
  difference: (ofData, ofSamples) => tf.sub(tf.mean(ofData), tf.mean(ofSamples)),
  /** `mean E⁺ - Σ_j w_j E⁻_j` with `w = softmax(-E⁻)`, held constant: the lowest samples count most. */
  logSumExp(ofData, ofSamples) {
    const weights = stopGradient(tf.softmax(tf.neg(ofSamples)));
    return tf.sub(tf.mean(ofData), tf.sum(tf.mul(weights, ofSamples)));
  },
  /** `mean softplus(E⁺ - E⁻)`, pair by pair: pairs that are told apart well count little. */
  softplus: (ofData, ofSamples) => tf.mean(tf.softplus(tf.sub(ofData, ofSamples))),
};
