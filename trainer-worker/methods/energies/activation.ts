import * as tf from '@tensorflow/tfjs';

interface ActivationRow {
  /** The activation itself, elementwise. */
  readonly apply: (x: tf.Tensor) => tf.Tensor;
  /**
   * Variance that weights need, times the number of inputs, so that a layer neither shrinks nor
   * blows up its input: 2 where about half the units are off (He et al. 2015), else 1.
   */
  readonly gain: 1 | 2;
  /** The largest size of its slope, rounded up. */
  readonly slope: number;
}

/** Slope of {@link activations.leakyRelu} below zero. */
const leak = 0.2;

/**
 * Every activation: to add one, add its row and its name to {@link Activation}.
 *
 * Energies are differentiated in x as well as in their parameters, so smooth ones make smooth
 * landscapes.
 */
export const activations: Readonly<Record<Activation, ActivationRow>> = {
  swish: { apply: (x) => tf.mul(x, tf.sigmoid(x)), gain: 2, slope: 1.0999 },
  softplus: { apply: (x) => tf.softplus(x), gain: 2, slope: 1 },
  tanh: { apply: (x) => tf.tanh(x), gain: 1, slope: 1 },
  sigmoid: { apply: (x) => tf.sigmoid(x), gain: 1, slope: 0.25 },
  relu: { apply: (x) => tf.relu(x), gain: 2, slope: 1 },
  leakyRelu: { apply: (x) => tf.leakyRelu(x, leak), gain: 2, slope: 1 },
  elu: { apply: (x) => tf.elu(x), gain: 2, slope: 1 },
  gelu: {
    apply: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
    gain: 2,
    slope: 1.129,
  },
};

/** Names of activations; `leakyRelu` has slope 0.2 below zero, `gelu` is the exact one with erf. */
export type Activation =
  | 'swish'
  | 'softplus'
  | 'tanh'
  | 'sigmoid'
  | 'relu'
  | 'leakyRelu'
  | 'elu'
  | 'gelu';
