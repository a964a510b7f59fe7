import * as tf from '@tensorflow/tfjs';
import type { Energy, EnergyParameters } from './energy-method';

/** `[batch, classes]`: 1 where the column is the row's class, else 0. */
export function oneHot(label: tf.Tensor1D, classes: number): tf.Tensor2D {
  const columns = tf.range(0, classes, 1, 'float32');
  return tf.cast(tf.equal(tf.expandDims(label, 1), columns), 'float32') as tf.Tensor2D;
}

/**
 * An energy of points and classes that is also one of points alone, `E(x) = -log Σ_y exp(-E(x, y))`, at
 * the cost of one evaluation per class.
 *
 * @param joint E(x, y) of `[batch, D]` points and their class indices `[batch]`
 */
export function ofClasses(
  joint: (parameters: EnergyParameters, x: tf.Tensor2D, label: tf.Tensor1D) => tf.Tensor,
  classes: number,
): Energy['energy'] {
  return (parameters, x, label) => {
    if (label) return joint(parameters, x, label);
    const each = Array.from({ length: classes }, (_, y) =>
      tf.neg(joint(parameters, x, tf.fill([x.shape[0]], y))),
    );
    return tf.neg(tf.logSumExp(tf.stack(each, 1), 1));
  };
}

/** `[batch]`: of each row of `[batch, classes]` values that of its class. */
export function atLabel(values: tf.Tensor2D, label: tf.Tensor1D): tf.Tensor {
  return tf.sum(tf.mul(values, oneHot(label, values.shape[1])), 1);
}
