import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { type DenseOptions, denseFields } from './dense';
import type { Energy, EnergyMethod, EnergyParameters } from './energy-method';
import { gaussLegendre } from './gauss-legendre';
import { type LevelNetwork, levelNetwork } from './noise-level';

export interface ScoreNetworkOptions extends DenseOptions {
  /** s, the standard deviation of the data, above 0 to 1000. Default 1, right for standardised data. */
  readonly dataDeviation?: number;
  /** Points of the Gauss–Legendre rule for the shown energy, 1 to 64. Default 16. */
  readonly nodes?: number;
}

export interface ScoreNetworkSpec extends Required<ScoreNetworkOptions> {
  readonly type: 'scoreNetwork';
}

/**
 * A vector field s(x, σ) in place of an energy, as in score-based generative models (Song & Ermon,
 * arXiv:1907.05600): `s = -x/(σ² + s²) + s/(σ √(σ² + s²)) · F(x/√(σ² + s²), log σ)` with a multi-layer
 * perceptron F.
 *
 * Its energy, which is shown and measured, is the work along the straight line from the origin,
 * `E(x) = -∫₀¹ s(t x)·x dt`. It is that of the model only as far as the field is a gradient, which
 * training does not enforce: likelihoods of it are an approximation.
 */
export function scoreNetwork(options?: ScoreNetworkOptions): ScoreNetworkSpec {
  return specOf(schema, 'energy.scoreNetwork', 'scoreNetwork', options);
}

const schema: z.ZodType<ScoreNetworkSpec> = z.strictObject({
  type: z.literal('scoreNetwork'),
  ...denseFields,
  dataDeviation: positive.max(1000).default(1),
  nodes: integer(1, 64).default(16),
});

/** @internal */
export const scoreNetworkMethod: EnergyMethod<ScoreNetworkSpec, typeof scoreNetwork> = {
  create: scoreNetwork,
  schema,
  domains: ['real'],
  build(spec, dimensions) {
    const network = levelNetwork(spec, dimensions, dimensions, true, spec.dataDeviation);
    return energyOfField(network, spec.nodes);
  },
};

/** The field of a network F of as many outputs as a point has numbers, with its energy along lines. */
export function energyOfField(network: LevelNetwork, nodes: number): Energy {
  const score = (parameters: EnergyParameters, x: tf.Tensor2D, condition?: tf.Tensor1D) => {
    const level = condition as tf.Tensor1D;
    const precision = network.precision(level);
    const factor = tf.mul(network.signal(level), tf.sqrt(precision));
    const field = tf.mul(network.apply(parameters, x, level), factor);
    return tf.sub(field, tf.mul(x, precision)) as tf.Tensor2D;
  };
  const rule = gaussLegendre(nodes);
  return {
    init: network.init,
    condition: 'noise level',
    score,
    energy(parameters, x, condition) {
      const parts = rule.map(({ node, weight }) => {
        const field = score(parameters, tf.mul(x, node) as tf.Tensor2D, condition);
        return tf.mul(tf.sum(tf.mul(field, x), 1), -weight);
      });
      return tf.addN(parts);
    },
  };
}
