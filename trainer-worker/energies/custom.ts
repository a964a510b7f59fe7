import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import type { EnergyMethod, EnergyParameters, ParameterRandom } from './energy-method';

export interface CustomOptions<Parameters extends EnergyParameters> {
  /**
   * Makes the initial parameters: float32 tensors by name. Called once.
   *
   * @example
   * init: (rng) => ({ weight: rng.normal([2, 64]), bias: tf.zeros([64]) })
   */
  readonly init: (rng: ParameterRandom) => Parameters;
  /**
   * Energies of a batch: `x` has shape `[batch, D]`, the result must have shape `[batch]`. Lower is
   * likelier. Built from tfjs operations only, so that it can be differentiated.
   */
  readonly energy: (params: Parameters, x: tf.Tensor2D) => tf.Tensor;
}

export interface CustomSpec {
  readonly type: 'custom';
  readonly init: (rng: ParameterRandom) => EnergyParameters;
  readonly energy: (params: EnergyParameters, x: tf.Tensor2D) => tf.Tensor;
}

/** An energy of your own, as a plain function of tfjs tensors. */
export function custom<Parameters extends EnergyParameters>(
  options: CustomOptions<Parameters>,
): CustomSpec {
  return specOf(schema, 'energy.custom', 'custom', options);
}

const isFunction = (value: unknown) => typeof value === 'function';

const schema: z.ZodType<CustomSpec> = z.strictObject({
  type: z.literal('custom'),
  init: z.custom<CustomSpec['init']>(isFunction, {
    error: "'init' is not a function.",
    params: { remedy: 'Write init: (rng) => ({ weight: rng.normal([2, 64]) }).' },
  }),
  energy: z.custom<CustomSpec['energy']>(isFunction, {
    error: "'energy' is not a function.",
    params: { remedy: 'Write energy: (params, x) => … with a result of shape [batch].' },
  }),
});

/** @internal */
export const customMethod: EnergyMethod<CustomSpec, typeof custom> = {
  create: custom,
  schema,
  build: ({ init, energy }) => ({ init, energy }),
};
