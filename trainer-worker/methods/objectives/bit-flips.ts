import * as tf from '@tensorflow/tfjs';
import type { Model } from '../energies/model';

/**
 * `E(x) - E(x with bit d flipped)` for every bit of every row, at the cost of D + 1 energies a row.
 *
 * @param x `[n, D]` zeros and ones
 * @returns `[n, D]`
 */
export function flipDifferences({ energy }: Pick<Model, 'energy'>, x: tf.Tensor2D): tf.Tensor {
  const [count, dimensions] = x.shape;
  const point = tf.expandDims(x, 1);
  // x + (1 - 2x) on the diagonal: row d has bit d flipped.
  const flips = tf.add(point, tf.mul(tf.sub(1, tf.mul(point, 2)), tf.eye(dimensions)));
  const flipped = energy(tf.reshape(flips, [count * dimensions, dimensions]) as tf.Tensor2D);
  return tf.sub(tf.expandDims(energy(x), 1), tf.reshape(flipped, [count, dimensions]));
}
