import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { specOf } from '../options/validate';
import { type DecayOptions, decaySchema } from './decay-length';
import type { ScheduleMethod } from './schedule-method';
import { peakUpdate, progress, warmedUp } from './warm-up';

export interface LinearSpec extends Required<DecayOptions> {
  readonly type: 'linear';
}

/** A straight line from `peak` at the end of the warm-up to `final` at update `steps`. */
export function linear(options: DecayOptions): LinearSpec {
  return specOf(schema, 'schedule.linear', 'linear', options);
}

const schema: z.ZodType<LinearSpec> = decaySchema('linear');

/** @internal */
export const linearMethod: ScheduleMethod<LinearSpec, typeof linear> = {
  create: linear,
  schema,
  build:
    ({ peak, steps, final, warmup }) =>
    (step) => {
      const left = tf.sub(1, progress(step, peakUpdate(warmup), steps));
      return warmedUp(tf.add(tf.mul(left, peak - final), final), step, warmup);
    },
};
