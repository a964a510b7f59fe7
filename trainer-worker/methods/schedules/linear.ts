import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { specOf } from '../options/validate';
import { type DecayOptions, type DecaySpec, decaying, decaySchema, endOf } from './decay-length';
import type { ScheduleMethod } from './schedule-method';
import { peakUpdate, progress, warmedUp } from './warm-up';

export type LinearSpec = DecaySpec<'linear'>;

/** A straight line from `peak` at the end of the warm-up to `final` at update `steps`. */
export function linear(options: DecayOptions): LinearSpec {
  return specOf(schema, 'schedule.linear', 'linear', options);
}

const schema: z.ZodType<LinearSpec> = decaySchema('linear');

/** @internal */
export const linearMethod: ScheduleMethod<LinearSpec, typeof linear> = {
  create: linear,
  schema,
  ...decaying,
  build: (spec) => (step) => {
    const { peak, final, warmup } = spec;
    const left = tf.sub(1, progress(step, peakUpdate(warmup), endOf(spec)));
    return warmedUp(tf.add(tf.mul(left, peak - final), final), step, warmup);
  },
};
