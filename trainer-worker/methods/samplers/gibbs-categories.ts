import * as tf from '@tensorflow/tfjs';
import { categorical } from '../energies/categorical';
import type { LevelBlocks } from '../energies/level-blocks';
import type { Model } from '../energies/model';

/**
 * Points with one category of each drawn anew from its law given the others, at the cost of one energy for
 * each level.
 *
 * @param x `[n, D]`, one-hot
 * @param chosen `[n, categories]` or `[1, categories]`: 1 for that category, else 0
 */
export function categoryRedrawn(
  x: tf.Tensor2D,
  chosen: tf.Tensor2D,
  model: Model,
  blocks: LevelBlocks,
): tf.Tensor2D {
  const { most, dimensions, levels } = blocks;
  const [count] = x.shape;
  const others = tf.mul(x, tf.sub(1, tf.matMul(chosen, blocks.members())));
  const table = tf.reshape(blocks.embedding(), [levels.length, most * dimensions]);
  const level = tf.reshape(tf.matMul(chosen, table as tf.Tensor2D), [-1, most, dimensions]);
  const candidates = tf.add(tf.expandDims(others, 1), level);
  const flat = tf.reshape(candidates, [count * most, dimensions]) as tf.Tensor2D;
  const energies = tf.reshape(model.energy(flat), [count, most]);
  const logits = tf.sub(tf.matMul(chosen, blocks.gaps()), energies);
  const drawn = tf.transpose(categorical(tf.transpose(logits)));
  return tf.sum(tf.mul(candidates, tf.expandDims(drawn, 2)), 1) as tf.Tensor2D;
}
