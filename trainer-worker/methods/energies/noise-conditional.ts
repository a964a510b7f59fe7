import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { type DenseOptions, denseFields } from './dense';
import type { Energy, EnergyMethod } from './energy-method';
import { type LevelNetwork, levelNetwork } from './noise-level';

export interface NoiseConditionalOptions extends DenseOptions {
  /** s, the standard deviation of the data, above 0 to 1000. Default 1, right for standardised data. */
  readonly dataDeviation?: number;
}

export interface NoiseConditionalSpec extends Required<NoiseConditionalOptions> {
  readonly type: 'noiseConditional';
}

/**
 * An energy of the data with Gaussian noise of any level σ added, for objectives that train at many:
 * `E(x, σ) = |x|²/(2(σ² + s²)) + s/σ · G(x/√(σ² + s²), log σ)` with a multi-layer perceptron G.
 *
 * The first term is the energy of Gaussian data; the factors are those with which the gradient of G
 * has a target of unit variance at every level (Karras et al., arXiv:2206.00364, for scores).
 */
export function noiseConditional(options?: NoiseConditionalOptions): NoiseConditionalSpec {
  return specOf(schema, 'energy.noiseConditional', 'noiseConditional', options);
}

const schema: z.ZodType<NoiseConditionalSpec> = z.strictObject({
  type: z.literal('noiseConditional'),
  ...denseFields,
  dataDeviation: positive.max(1000).default(1),
});

/** @internal */
export const noiseConditionalMethod: EnergyMethod<NoiseConditionalSpec, typeof noiseConditional> = {
  create: noiseConditional,
  schema,
  domains: ['real'],
  build(spec, dimensions) {
    return energyOfLevels(levelNetwork(spec, dimensions, 1, false, spec.dataDeviation));
  },
};

/** `|x|²/(2(σ² + s²)) + s/σ · G`, of a network G with one output. */
export function energyOfLevels(network: LevelNetwork): Energy {
  return {
    init: network.init,
    condition: 'noise level',
    energy(parameters, x, condition) {
      const level = condition as tf.Tensor1D;
      const squares = tf.sum(tf.square(x), 1, true);
      const gaussian = tf.mul(tf.mul(squares, network.precision(level)), 0.5);
      const rest = tf.mul(network.apply(parameters, x, level), network.signal(level));
      return tf.squeeze(tf.add(gaussian, rest), [1]);
    },
  };
}
