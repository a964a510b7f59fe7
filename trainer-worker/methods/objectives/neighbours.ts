/** How likely a model finds a row's neighbours, which differ from it in one bit or one category. */
import * as tf from '@tensorflow/tfjs';
import type { LevelBlocks } from '../energies/level-blocks';
import type { Model } from '../energies/model';

/**
 * `E(x) - E(x with its category set to the level)` for every level of every category of every row, at the
 * cost of D + 1 energies a row; 0 at the row itself.
 *
 * @param x `[n, D]`, one-hot
 * @returns `[n, D]`
 */
export function levelDifferences(
  { energy }: Pick<Model, 'energy'>,
  x: tf.Tensor2D,
  blocks: LevelBlocks,
): tf.Tensor {
  const [count, dimensions] = x.shape;
  const members = blocks.members();
  // Row d: 1 in the columns of the category of column d.
  const ofColumn = tf.matMul(members, members, true);
  const kept = tf.mul(tf.expandDims(x, 1), tf.sub(1, ofColumn));
  const changed = tf.add(kept, tf.eye(dimensions));
  const flat = tf.reshape(changed, [count * dimensions, dimensions]) as tf.Tensor2D;
  const differences = tf.sub(
    tf.expandDims(energy(x), 1),
    tf.reshape(energy(flat), [count, dimensions]),
  );
  return tf.mul(differences, tf.sub(1, x));
}

/**
 * `-log p(category | all others)` of each category of each row, `[n, categories]`.
 *
 * @param differences `[n, D]`, see {@link levelDifferences}
 */
export function logConditionals(differences: tf.Tensor, blocks: LevelBlocks): tf.Tensor {
  return tf.logSumExp(blocks.apart(differences), 2);
}
