import * as tf from '@tensorflow/tfjs';
import { noise } from '../../compiler/trace/trace';

/**
 * One of q levels in each place, with chances in proportion to `exp(logits)`, drawn anew each time it runs.
 *
 * One uniform number a place is compared with the sums of chances up to each level.
 *
 * @param logits `[q, …]`; of levels that cannot be, far below the others
 * @returns of the same shape: 1 at the level that was drawn, else 0
 */
export function categorical(logits: tf.Tensor): tf.Tensor {
  const [states, ...places] = logits.shape as [number, ...number[]];
  const count = places.reduce((product, length) => product * length, 1);
  const flat = tf.reshape(logits, [states, count]);
  const chances = tf.exp(tf.sub(flat, tf.max(flat, 0, true))) as tf.Tensor2D;
  const upTo = tf.matMul(lowerTriangle(states), chances);
  const total = tf.slice(upTo, [states - 1, 0], [1, count]);
  const wanted = tf.mul(noise('uniform', [1, count]), total);
  // Level k where the sum below k is not above what is wanted, and that with k is. Above the last there is
  // none, so that rounding cannot draw nothing.
  const passed = tf.cast(
    tf.lessEqual(tf.slice(upTo, [0, 0], [states - 1, count]), wanted),
    'float32',
  );
  const one = tf.ones([1, count]);
  const drawn = tf.sub(tf.concat([one, passed]), tf.concat([passed, tf.zeros([1, count])]));
  return tf.reshape(drawn, logits.shape);
}

/** `[n, n]`: 1 on and below the diagonal, else 0. */
function lowerTriangle(n: number): tf.Tensor2D {
  const ones = Float32Array.from({ length: n * n }, (_, i) => Number(i % n <= Math.floor(i / n)));
  return tf.tensor2d(ones, [n, n]);
}
