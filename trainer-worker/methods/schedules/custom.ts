import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type Knobs, knobsSchema } from '../options/knobs';
import { functionSchema, requireTensor } from '../options/own-function';
import { specOf } from '../options/validate';
import type { ScheduleMethod } from './schedule-method';
import { type WarmUpOptions, warmedUp, warmUpFields } from './warm-up';

export interface CustomScheduleOptions<Options extends Knobs> extends WarmUpOptions {
  /** What `rate` is given, and a run records and can be told to change. Default: none. */
  readonly options?: Options;
  /**
   * The learning rate of an update, a scalar, from its number (a float32 scalar, from 1). Built from tfjs
   * operations only, and called once, to be compiled.
   *
   * @example
   * rate: (step, { peak }) => tf.mul(tf.rsqrt(step), peak)
   */
  readonly rate: (step: tf.Scalar, options: Options) => tf.Tensor;
}

export interface CustomScheduleSpec {
  readonly type: 'custom';
  readonly options: Knobs;
  readonly rate: CustomScheduleOptions<never>['rate'];
  readonly warmup: number;
}

/** A learning rate of your own, as a function of the update's number. */
export function custom<Options extends Knobs = Record<string, never>>(
  options: CustomScheduleOptions<Options>,
): CustomScheduleSpec {
  return specOf(schema, 'schedule.custom', 'custom', options);
}

const schema: z.ZodType<CustomScheduleSpec> = z.strictObject({
  type: z.literal('custom'),
  options: knobsSchema,
  rate: functionSchema<CustomScheduleSpec['rate']>(
    'rate',
    'rate: (step, options) => tf.rsqrt(step), a scalar',
  ),
  ...warmUpFields,
});

const own = {
  where: 'schedule.custom',
  name: 'rate',
  path: ['optimizer', 'learningRate', 'rate'],
};

/** @internal */
export const customMethod: ScheduleMethod<CustomScheduleSpec, typeof custom> = {
  create: custom,
  schema,
  build:
    ({ options, rate, warmup }) =>
    (step) => {
      const made = rate(step, options as never);
      const checked = requireTensor(
        own,
        made,
        [],
        'Compute one number from step, for example tf.mul(tf.rsqrt(step), 0.01).',
      );
      return warmedUp(checked as tf.Scalar, step, warmup);
    },
};
