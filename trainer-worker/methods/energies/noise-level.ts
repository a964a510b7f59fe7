import * as tf from '@tensorflow/tfjs';
import { activations } from './activation';
import { type Dense, type DenseOptions, dense } from './dense';
import type { EnergyParameters, ParameterRandom } from './energy-method';

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
  const scaling = levelScaling(dataDeviation);
  return {
    ...scaling,
    init: network.init,
    apply: (parameters, x, level) =>
      network.apply(parameters, tf.concat([scaling.scaled(x, level), noiseFeatures(level)], 1)),
  };
}

/** The factors of {@link levelNetwork}, and points as the network sees them. */
function levelScaling(dataDeviation: number) {
  const precision = (level: tf.Tensor1D) =>
    tf.reciprocal(tf.add(tf.square(tf.expandDims(level, 1)), dataDeviation ** 2));
  return {
    precision,
    signal: (level: tf.Tensor1D) => tf.div(dataDeviation, tf.expandDims(level, 1)),
    scaled: (x: tf.Tensor2D, level: tf.Tensor1D) =>
      tf.mul(x, tf.sqrt(precision(level))) as tf.Tensor2D,
  };
}

/** A network of points that is told something beside them. */
export interface ConditionedNetwork {
  init(random: ParameterRandom): EnergyParameters;
  /** `[n, outputs]` of points `[n, D]`, with `[n, conditions]`. */
  apply(parameters: EnergyParameters, x: tf.Tensor2D, condition?: tf.Tensor2D): tf.Tensor2D;
}

/**
 * What networks of images are told of a noise level: a swish layer of {@link noiseFeatures}, `levelWeight`
 * `[9, 64]` and `levelBias`.
 */
export const levelCondition = {
  /** Numbers in it. */
  size: 64,
  init: (random: ParameterRandom): EnergyParameters => ({
    levelWeight: random.normal([featureCount, levelCondition.size], {
      deviation: Math.sqrt(2 / featureCount),
    }),
    levelBias: tf.zeros([levelCondition.size]),
  }),
  apply(parameters: EnergyParameters, level: tf.Tensor1D): tf.Tensor2D {
    const product = tf.matMul(noiseFeatures(level), parameters['levelWeight'] as tf.Tensor2D);
    return activations.swish.apply(tf.add(product, parameters['levelBias']!)) as tf.Tensor2D;
  },
};

/** A network that is told the noise level by {@link levelCondition}, scaled as {@link levelNetwork} is. */
export function conditionedNetwork(
  network: ConditionedNetwork,
  dataDeviation: number,
): LevelNetwork {
  const scaling = levelScaling(dataDeviation);
  return {
    ...scaling,
    init: (random) => ({ ...network.init(random), ...levelCondition.init(random) }),
    apply: (parameters, x, level) =>
      network.apply(parameters, scaling.scaled(x, level), levelCondition.apply(parameters, level)),
  };
}
