import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { type Activation, activations } from './activation';
import type { EnergyParameters, ParameterRandom } from './energy-method';

/** Options of every energy that is made of dense layers. */
export interface DenseOptions {
  /** Units of each hidden layer, from input to output; 1 to 32 layers of 1 to 16 384 units. Default `[128, 128]`. */
  readonly hidden?: readonly number[];
  /** The nonlinearity after each hidden layer. Default `'swish'`: smooth, as a landscape should be. */
  readonly activation?: Activation;
}

/** The schemas of {@link DenseOptions}. @internal */
export const denseFields = {
  hidden: z.array(integer(1, 16_384)).min(1).max(32).default([128, 128]),
  activation: z.enum(Object.keys(activations) as Activation[]).default('swish'),
};

/** Dense layers, the last one linear and without a bias unless asked for. @internal */
export interface Dense {
  /** `weight1` `[inputs, outputs]`, `bias1` `[outputs]`, … */
  init(random: ParameterRandom): EnergyParameters;
  /** `[batch, inputs]` to `[batch, outputs]`. */
  apply(parameters: EnergyParameters, x: tf.Tensor): tf.Tensor2D;
}

/** @param biased whether the last layer has a bias; p(x) does not change with that of an energy */
export function dense(
  { hidden, activation }: Required<DenseOptions>,
  inputs: number,
  outputs: number,
  biased: boolean,
): Dense {
  const { apply, gain } = activations[activation];
  const widths = [inputs, ...hidden, outputs];
  const layers = widths.length - 1;
  return {
    init(random) {
      const parameters: Record<string, tf.Tensor> = {};
      for (let layer = 1; layer <= layers; layer++) {
        const [from, to] = [widths[layer - 1]!, widths[layer]!];
        const deviation = Math.sqrt((layer === layers ? 1 : gain) / from);
        parameters[`weight${layer}`] = random.normal([from, to], { deviation });
        if (layer < layers || biased) parameters[`bias${layer}`] = tf.zeros([to]);
      }
      return parameters;
    },
    apply(parameters, x) {
      let values: tf.Tensor = x;
      for (let layer = 1; layer <= layers; layer++) {
        const product = tf.matMul(values, parameters[`weight${layer}`]!);
        const bias = parameters[`bias${layer}`];
        const sum = bias ? tf.add(product, bias) : product;
        values = layer < layers ? apply(sum) : sum;
      }
      return values as tf.Tensor2D;
    },
  };
}
