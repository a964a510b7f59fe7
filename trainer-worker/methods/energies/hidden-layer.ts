import * as tf from '@tensorflow/tfjs';
import { loop } from '../../compiler/trace/trace';

/** Units up to which all states of a layer are summed. */
export const mostSummed = 20;
/** Of these bits all states are looked at at once. */
const atOnce = 10;

/**
 * `log Σ_h exp(f(h))` over all 2^units states of units of 0 and 1.
 *
 * @param units at most {@link mostSummed}
 * @param f of `[n, units]` states, `[n]`
 */
export function logSumOverStates(units: number, f: (states: tf.Tensor2D) => tf.Tensor): tf.Tensor {
  const low = Math.min(units, atOnce);
  const count = 2 ** low;
  const bits = Float32Array.from({ length: count * units }, (_, i) => {
    const place = i % units;
    return place < low ? (Math.floor(i / units) >> place) & 1 : 0;
  });
  const lowBits = tf.tensor2d(bits, [count, units]);
  // 2^-k for the bits that change from one round to the next; 0 for those above, which are all there.
  const scales = tf.tensor1d(
    Float32Array.from({ length: units }, (_, place) => (place < low ? 0 : 2 ** -(place - low))),
  );
  const isHigh = tf.tensor1d(
    Float32Array.from({ length: units }, (_, place) => Number(place >= low)),
  );
  const [sum] = loop(
    2 ** (units - low),
    [tf.scalar(Number.NEGATIVE_INFINITY)],
    (round, [before]) => {
      const shifted = tf.floor(tf.mul(tf.cast(round, 'float32'), scales));
      const odd = tf.sub(shifted, tf.mul(tf.floor(tf.mul(shifted, 0.5)), 2));
      const states = tf.add(lowBits, tf.mul(odd, isHigh)) as tf.Tensor2D;
      return [tf.logSumExp(tf.stack([before!, tf.logSumExp(f(states))]))];
    },
  );
  return sum!;
}
