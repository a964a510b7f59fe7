import * as tf from '@tensorflow/tfjs';

/** `[batch, classes]`: 1 where the column is the row's class, else 0. */
export function oneHot(label: tf.Tensor1D, classes: number): tf.Tensor2D {
  const columns = tf.range(0, classes, 1, 'float32');
  return tf.cast(tf.equal(tf.expandDims(label, 1), columns), 'float32') as tf.Tensor2D;
}

/** `[batch]`: of each row of `[batch, classes]` values that of its class. */
export function atLabel(values: tf.Tensor2D, label: tf.Tensor1D): tf.Tensor {
  return tf.sum(tf.mul(values, oneHot(label, values.shape[1])), 1);
}
