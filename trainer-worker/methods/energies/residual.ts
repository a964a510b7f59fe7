import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { type Activation, activations } from './activation';
import type { EnergyMethod } from './energy-method';

export interface ResidualOptions {
  /** Numbers that the blocks pass on, 1 to 16 384. Default 128. */
  readonly width?: number;
  /** Blocks, 1 to 64. Default 3. */
  readonly blocks?: number;
  /** The nonlinearity. Default `'swish'`: smooth, as a landscape should be. */
  readonly activation?: Activation;
}

export interface ResidualSpec extends Required<ResidualOptions> {
  readonly type: 'residual';
}

/**
 * A perceptron of residual blocks `h ← h + W₂ a(W₁ a(h) + b₁) + b₂` (He et al., arXiv:1603.05027), which
 * trains where a plain one of as many layers does not. Each block begins as the identity: its W₂ is 0.
 */
export function residual(options?: ResidualOptions): ResidualSpec {
  return specOf(schema, 'energy.residual', 'residual', options);
}

const schema: z.ZodType<ResidualSpec> = z.strictObject({
  type: z.literal('residual'),
  width: integer(1, 16_384).default(128),
  blocks: integer(1, 64).default(3),
  activation: z.enum(Object.keys(activations) as Activation[]).default('swish'),
});

/** @internal */
export const residualMethod: EnergyMethod<ResidualSpec, typeof residual> = {
  create: residual,
  schema,
  build({ width, blocks, activation }, dimensions) {
    const { apply, gain } = activations[activation];
    const numbers = Array.from({ length: blocks }, (_, index) => index + 1);
    return {
      init(random) {
        const parameters: Record<string, tf.Tensor> = {
          inputWeight: random.normal([dimensions, width], { deviation: 1 / Math.sqrt(dimensions) }),
          inputBias: tf.zeros([width]),
        };
        for (const block of numbers) {
          const deviation = Math.sqrt(gain / width);
          parameters[`block${block}Weight1`] = random.normal([width, width], { deviation });
          parameters[`block${block}Bias1`] = tf.zeros([width]);
          parameters[`block${block}Weight2`] = tf.zeros([width, width]);
          parameters[`block${block}Bias2`] = tf.zeros([width]);
        }
        const deviation = 1 / Math.sqrt(width);
        return { ...parameters, outputWeight: random.normal([width, 1], { deviation }) };
      },
      energy(parameters, x) {
        const linear = (values: tf.Tensor, weight: string, bias: string) =>
          tf.add(tf.matMul(values, parameters[weight]!), parameters[bias]!);
        let values = linear(x, 'inputWeight', 'inputBias');
        for (const block of numbers) {
          const inner = linear(apply(values), `block${block}Weight1`, `block${block}Bias1`);
          const change = linear(apply(inner), `block${block}Weight2`, `block${block}Bias2`);
          values = tf.add(values, change);
        }
        return tf.squeeze(tf.matMul(apply(values), parameters['outputWeight']!), [1]);
      },
    };
  },
};
