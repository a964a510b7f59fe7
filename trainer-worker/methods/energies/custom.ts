import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import type { Energy, EnergyMethod, EnergyParameters, ParameterRandom } from './energy-method';
import { ofClasses, oneHot } from './label';

interface Init<Parameters extends EnergyParameters> {
  /**
   * Makes the initial parameters: float32 tensors by name. Called once.
   *
   * @example
   * init: (rng) => ({ weight: rng.normal([2, 64]), bias: tf.zeros([64]) })
   */
  readonly init: (rng: ParameterRandom) => Parameters;
}

/** An energy of the point, or of the point and the noise added to it. */
interface PointCustomOptions<Parameters extends EnergyParameters> extends Init<Parameters> {
  /**
   * Energies of a batch: `x` has shape `[batch, D]`, the result must have shape `[batch]`. Lower is
   * likelier. Built from tfjs operations only, so that it can be differentiated.
   */
  readonly energy: (params: Parameters, x: tf.Tensor2D, condition: tf.Tensor1D) => tf.Tensor;
  /**
   * What the third argument of `energy` is: `'noise level'`, `[batch]`, for objectives that train at
   * many of them; `'label'`, the class of each point, for data with classes. Default `null`: there is
   * none.
   */
  readonly condition?: 'noise level' | null;
  /** For energies of a class only. */
  readonly classes?: null;
}

/** An energy of the point and its class. */
interface LabelCustomOptions<Parameters extends EnergyParameters> extends Init<Parameters> {
  /**
   * Energies of a batch: `x` has shape `[batch, D]`, the result must have shape `[batch]`. Lower is
   * likelier. Built from tfjs operations only, so that it can be differentiated. `label` is one-hot,
   * `[batch, classes]`: 1 in the column of the point's class, else 0.
   *
   * Where no class is given it is called once for each, and E(x) is `-log Σ_y exp(-E(x, y))`.
   */
  readonly energy: (params: Parameters, x: tf.Tensor2D, label: tf.Tensor2D) => tf.Tensor;
  /** The third argument of `energy` is the class of each point. The data must have classes. */
  readonly condition: 'label';
  /** Classes, 2 to 10 000, at least those of the data. */
  readonly classes: number;
}

/** An energy's parameters and what it is: of the point alone, or of its class or noise level too. */
export type CustomOptions<Parameters extends EnergyParameters> =
  | PointCustomOptions<Parameters>
  | LabelCustomOptions<Parameters>;

export interface CustomSpec {
  readonly type: 'custom';
  readonly init: (rng: ParameterRandom) => EnergyParameters;
  readonly energy: (params: EnergyParameters, x: tf.Tensor2D, condition: never) => tf.Tensor;
  readonly condition: 'noise level' | 'label' | null;
  readonly classes: number | null;
}

/** An energy of your own, as a plain function of tfjs tensors. */
export function custom<Parameters extends EnergyParameters>(
  options: CustomOptions<Parameters>,
): CustomSpec {
  return specOf(schema, 'energy.custom', 'custom', options);
}

const isFunction = (value: unknown) => typeof value === 'function';

const schema: z.ZodType<CustomSpec> = z
  .strictObject({
    type: z.literal('custom'),
    init: z.custom<CustomSpec['init']>(isFunction, {
      error: "'init' is not a function.",
      params: { remedy: 'Write init: (rng) => ({ weight: rng.normal([2, 64]) }).' },
    }),
    energy: z.custom<CustomSpec['energy']>(isFunction, {
      error: "'energy' is not a function.",
      params: { remedy: 'Write energy: (params, x) => … with a result of shape [batch].' },
    }),
    condition: z.enum(['noise level', 'label']).nullable().default(null),
    classes: integer(2, 10_000).nullable().default(null),
  })
  .refine(({ condition, classes }) => (condition === 'label') === (classes !== null), {
    error: "'classes' and condition: 'label' go together.",
    path: ['classes'],
    params: { remedy: "Give both, for example condition: 'label', classes: 3, or neither." },
  });

/** @internal */
export const customMethod: EnergyMethod<CustomSpec, typeof custom> = {
  create: custom,
  schema,
  needsLabels: ({ condition }) => condition === 'label',
  build({ init, energy, condition, classes }) {
    const given: Energy['energy'] = (parameters, x, value) => energy(parameters, x, value as never);
    if (classes === null) {
      return { init, energy: given, ...(condition === null ? {} : { condition }) };
    }
    const joint = (parameters: EnergyParameters, x: tf.Tensor2D, label: tf.Tensor1D) =>
      energy(parameters, x, oneHot(label, classes) as never);
    return { init, condition: 'label', classes, energy: ofClasses(joint, classes) };
  },
};
