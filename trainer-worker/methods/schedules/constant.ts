import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { rate } from './rates';
import type { ScheduleMethod } from './schedule-method';
import { type WarmUpOptions, warmedUp, warmUpFields } from './warm-up';

export interface ConstantOptions extends WarmUpOptions {
  /** The rate, above 0 to 1000. */
  readonly value: number;
}

export interface ConstantSpec extends Required<ConstantOptions> {
  readonly type: 'constant';
}

/** One rate for the whole run, reached over a warm-up. Without one, a plain number says the same. */
export function constant(options: ConstantOptions): ConstantSpec {
  return specOf(schema, 'schedule.constant', 'constant', options);
}

const schema: z.ZodType<ConstantSpec> = z.strictObject({
  type: z.literal('constant'),
  value: rate,
  ...warmUpFields,
});

/** @internal */
export const constantMethod: ScheduleMethod<ConstantSpec, typeof constant> = {
  create: constant,
  schema,
  build:
    ({ value, warmup }) =>
    (step) =>
      warmedUp(tf.scalar(value), step, warmup),
};
