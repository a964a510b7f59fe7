import * as tf from '@tensorflow/tfjs';
import { type Dense, type DenseOptions, dense } from './dense';

/** Angular frequencies of the features of log σ, which ranges over about ±5. */
const frequencies = [0.25, 0.5, 1, 2];

/** Numbers that {@link noiseFeatures} gives. */
const featureCount = 1 + 2 * frequencies.length;

/** Of noise levels `[batch]`: `log σ / 4` and sines and cosines of it, `[batch, featureCount]`. */
function noiseFeatures(level: tf.Tensor1D): tf.Tensor2D {
  const log = tf.expandDims(tf.log(level), 1);
  const angles = frequencies.map((frequency) => tf.mul(log, frequency));
  return tf.concat(
    [tf.mul(log, 0.25), ...angles.map((a) => tf.sin(a)), ...angles.map((a) => tf.cos(a))],
    1,
  ) as tf.Tensor2D;
}

/** A perceptron of points and noise levels that sees both at unit scale. */
export interface LevelNetwork {
  readonly init: Dense['init'];
  /** `[batch, outputs]` of `x / √(σ² + s²)` and features of log σ. */
  apply(parameters: Parameters<Dense['apply']>[0], x: tf.Tensor2D, level: tf.Tensor1D): tf.Tensor2D;
  /** `1 / (σ² + s²)`, `[batch, 1]`. */
  precision(level: tf.Tensor1D): tf.Tensor;
  /** `s / σ`, `[batch, 1]`. */
  signal(level: tf.Tensor1D): tf.Tensor;
}

/**
 * The scaling of Karras et al. (arXiv:2206.00364, table 1) for data of standard deviation s: with it
 * the network's target has unit variance at every noise level, when the score is
 * `-x/(σ² + s²) + s/(σ √(σ² + s²)) · F(x/√(σ² + s²), σ)`.
 */
export function levelNetwork(
  options: Required<DenseOptions>,
  dimensions: number,
  outputs: number,
  biased: boolean,
  dataDeviation: number,
): LevelNetwork {
  const network = dense(options, dimensions + featureCount, outputs, biased);
  const precision = (level: tf.Tensor1D) =>
    tf.reciprocal(tf.add(tf.square(tf.expandDims(level, 1)), dataDeviation ** 2));
  return {
    init: network.init,
    apply: (parameters, x, level) =>
      network.apply(
        parameters,
        tf.concat([tf.mul(x, tf.sqrt(precision(level))), noiseFeatures(level)], 1),
      ),
    precision,
    signal: (level) => tf.div(dataDeviation, tf.expandDims(level, 1)),
  };
}
