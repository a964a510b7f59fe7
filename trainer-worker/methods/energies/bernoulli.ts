import * as tf from '@tensorflow/tfjs';
import { noise } from '../../compiler/trace/trace';

/** Zeros and ones, each 1 with the odds `exp(logits)`, drawn anew each time it runs; of the logits' shape. */
export function bernoulli(logits: tf.Tensor): tf.Tensor {
  return tf.cast(tf.less(noise('uniform', logits.shape), tf.sigmoid(logits)), 'float32');
}
