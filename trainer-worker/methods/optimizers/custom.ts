import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Tensors } from '../../compiler/trace/compile-program';
import { type Knobs, knobsSchema } from '../options/knobs';
import { OptionError } from '../options/option-error';
import { functionSchema, requireTensor } from '../options/own-function';
import { specOf } from '../options/validate';
import type { ScheduleSpec } from '../schedules';
import {
  type CommonOptions,
  type CommonSpec,
  commonFields,
  learningRateOption,
} from './common-options';
import type { OptimizerMethod, UpdatedParameter } from './optimizer-method';

/** What an update makes of the parameters. */
interface Update {
  /** What is subtracted from them. */
  readonly change: tf.Tensor;
  /** The next value of each slot, by its name. */
  readonly slots: Tensors;
}

export interface CustomOptimizerOptions<Options extends Knobs> extends CommonOptions {
  /** What `update` is given as the learning rate, above 0 to 1000, or a schedule of it. Default 1e-3. */
  readonly learningRate?: number | ScheduleSpec;
  /** What `update` is given, and a run records and can be told to change. Default: none. */
  readonly options?: Options;
  /** Names of vectors that it keeps from update to update, zero at first. Default: none. */
  readonly slots?: readonly string[];
  /**
   * What is to be subtracted from the parameters, and the next value of each slot, all of the shape of the
   * gradient: a vector of all parameters, and one number more that is always 0. Built from tfjs
   * operations, and called once, to be compiled.
   *
   * @example
   * update: ({ gradient, learningRate }) => ({ change: tf.mul(tf.sign(gradient), learningRate), slots: {} })
   */
  readonly update: (at: UpdatedParameter, options: Options) => Update;
}

export interface CustomOptimizerSpec extends CommonSpec {
  readonly type: 'custom';
  readonly options: Knobs;
  readonly slots: readonly string[];
  readonly update: CustomOptimizerOptions<never>['update'];
}

/** An optimizer of your own, as a plain function of tfjs tensors. */
export function custom<Options extends Knobs = Record<string, never>>(
  options: CustomOptimizerOptions<Options>,
): CustomOptimizerSpec {
  return specOf(schema, 'optimizer.custom', 'custom', options);
}

const schema: z.ZodType<CustomOptimizerSpec> = z.strictObject({
  type: z.literal('custom'),
  learningRate: learningRateOption(1e-3, 1000),
  options: knobsSchema,
  slots: z.array(z.string().min(1)).default([]),
  update: functionSchema<CustomOptimizerSpec['update']>(
    'update',
    'update: ({ gradient, learningRate }) => ({ change: tf.mul(gradient, learningRate), slots: {} })',
  ),
  ...commonFields,
});

const remedy = 'Return tensors of the shape of the gradient.';
const named = (name: string) => ({
  where: 'optimizer.custom',
  name,
  path: ['optimizer', 'update'],
});

/** @internal */
export const customMethod: OptimizerMethod<CustomOptimizerSpec, typeof custom> = {
  create: custom,
  schema,
  build({ options, slots: names, update }) {
    return {
      slots: names,
      decoupledWeightDecay: false,
      update(at) {
        const { shape } = at.gradient;
        const made: { readonly change?: unknown; readonly slots?: Tensors } | undefined = update(
          at,
          options as never,
        );
        const change = requireTensor(named('change of update'), made?.change, shape, remedy);
        const next = made?.slots ?? {};
        const other = Object.keys(next).find((name) => !names.includes(name));
        if (other !== undefined) {
          throw new OptionError(
            `optimizer.custom: update returned the slot '${other}', which 'slots' does not name.`,
            `Write slots: ['${[...names, other].join("', '")}'].`,
            ['optimizer', 'update'],
          );
        }
        const slots = names.map((name) => {
          const value = requireTensor(named(`slot '${name}' of update`), next[name], shape, remedy);
          return [name, value] as const;
        });
        return { change, slots: Object.fromEntries(slots) };
      },
    };
  },
};
