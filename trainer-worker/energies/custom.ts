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
  readonly energy: (params: Parameters, x: tf.Tensor2D, condition: tf.Tensor1D) => tf.Tensor;
  /**
   * What the third argument of `energy` is, `[batch]`: `'noise level'` for objectives that train at
   * many of them. Default `null`: there is none.
   */
  readonly condition?: 'noise level' | null;
}

export interface CustomSpec {
  readonly type: 'custom';
  readonly init: (rng: ParameterRandom) => EnergyParameters;
  readonly energy: (params: EnergyParameters, x: tf.Tensor2D, condition: tf.Tensor1D) => tf.Tensor;
  readonly condition: 'noise level' | null;
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
  condition: z.literal('noise level').nullable().default(null),
});

/** @internal */
export const customMethod: EnergyMethod<CustomSpec, typeof custom> = {
  create: custom,
  schema,
  build: ({ init, energy, condition }) => ({
    init,
    energy: (parameters, x, given) => energy(parameters, x, given as tf.Tensor1D),
    ...(condition === null ? {} : { condition }),
  }),
};
