import * as tf from '@tensorflow/tfjs';
import { noise } from '../../compiler/trace/trace';

/** Zeros and ones, each 1 with the odds `exp(logits)`, drawn anew each time it runs; of the logits' shape. */
export function bernoulli(logits: tf.Tensor): tf.Tensor {
  return tf.cast(tf.less(noise('uniform', logits.shape), tf.sigmoid(logits)), 'float32');
}

/** Logits of units that are as often on as these means say; away from never and always, where a model may go. */
export function logitsOf(means: tf.Tensor): tf.Tensor {
  const chances = tf.add(tf.mul(means, 0.96), 0.02);
  return tf.log(tf.div(chances, tf.sub(1, chances)));
}
