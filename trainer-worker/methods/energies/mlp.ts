import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { type DenseOptions, dense, denseFields } from './dense';
import type { EnergyMethod } from './energy-method';

export interface MlpOptions extends DenseOptions {}

export interface MlpSpec extends Required<MlpOptions> {
  readonly type: 'mlp';
}

/** A multi-layer perceptron from a data point to one number, its energy. */
export function mlp(options?: MlpOptions): MlpSpec {
  return specOf(schema, 'energy.mlp', 'mlp', options);
}

const schema: z.ZodType<MlpSpec> = z.strictObject({ type: z.literal('mlp'), ...denseFields });

/** @internal */
export const mlpMethod: EnergyMethod<MlpSpec, typeof mlp> = {
  create: mlp,
  schema,
  build(spec, dimensions) {
    const { init, apply } = dense(spec, dimensions, 1, false);
    return {
      init,
      energy: (parameters, x) => tf.squeeze(apply(parameters, x), [1]),
    };
  },
};
