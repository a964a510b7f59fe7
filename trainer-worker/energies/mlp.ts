import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { type Activation, activations } from './activation';
import type { EnergyMethod } from './energy-method';

export interface MlpOptions {
  /** Units of each hidden layer, from input to output; 1 to 32 layers of 1 to 16 384 units. Default `[128, 128]`. */
  readonly hidden?: readonly number[];
  /** The nonlinearity after each hidden layer. Default `'swish'`: smooth, as a landscape should be. */
  readonly activation?: Activation;
}

export interface MlpSpec extends Required<MlpOptions> {
  readonly type: 'mlp';
}

/** A multi-layer perceptron from a data point to one number, its energy. */
export function mlp(options?: MlpOptions): MlpSpec {
  return specOf(schema, 'energy.mlp', 'mlp', options);
}

const schema: z.ZodType<MlpSpec> = z.strictObject({
  type: z.literal('mlp'),
  hidden: z.array(integer(1, 16_384)).min(1).max(32).default([128, 128]),
  activation: z.enum(Object.keys(activations) as Activation[]).default('swish'),
});

/** @internal */
export const mlpMethod: EnergyMethod<MlpSpec, typeof mlp> = {
  create: mlp,
  schema,
  build({ hidden, activation }, dimensions) {
    const { apply, gain } = activations[activation];
    const widths = [dimensions, ...hidden, 1];
    const layers = widths.length - 1;
    return {
      init(random) {
        const parameters: Record<string, tf.Tensor> = {};
        for (let layer = 0; layer < layers; layer++) {
          const inputs = widths[layer]!;
          const outputs = widths[layer + 1]!;
          const deviation = Math.sqrt((layer === layers - 1 ? 1 : gain) / inputs);
          parameters[`weight${layer + 1}`] = random.normal([inputs, outputs], { deviation });
          // The last layer has no bias: p(x) does not change when a constant is added to E.
          if (layer < layers - 1) parameters[`bias${layer + 1}`] = tf.zeros([outputs]);
        }
        return parameters;
      },
      energy(parameters, x) {
        let values: tf.Tensor = x;
        for (let layer = 1; layer < layers; layer++) {
          const product = tf.matMul(values, parameters[`weight${layer}`]!);
          values = apply(tf.add(product, parameters[`bias${layer}`]!));
        }
        return tf.squeeze(tf.matMul(values, parameters[`weight${layers}`]!), [1]);
      },
    };
  },
};
