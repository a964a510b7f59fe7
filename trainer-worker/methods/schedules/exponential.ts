import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { finalRate, rate } from './rates';
import type { ScheduleMethod } from './schedule-method';
import { peakUpdate, type WarmUpOptions, warmedUp, warmUpFields } from './warm-up';

export interface ExponentialOptions extends WarmUpOptions {
  /** The highest rate, of the last update of the warm-up (of the first, without one). Above 0 to 1000. */
  readonly peak: number;
  /** What `every` updates leave of the rate, above 0 and below 1. */
  readonly decay: number;
  /** Updates in which the rate falls by the factor `decay`, 1 to 1 000 000 000. Default 1000. */
  readonly every?: number;
  /** The rate never falls below this, 0 to 1000. Default 0. */
  readonly final?: number;
}

export interface ExponentialSpec extends Required<ExponentialOptions> {
  readonly type: 'exponential';
}

/** `max(final, peak · decay^(t / every))`, t counted from the end of the warm-up. */
export function exponential(options: ExponentialOptions): ExponentialSpec {
  return specOf(schema, 'schedule.exponential', 'exponential', options);
}

const schema: z.ZodType<ExponentialSpec> = z.strictObject({
  type: z.literal('exponential'),
  peak: rate,
  decay: z.number().positive().lt(1),
  every: integer(1, 1_000_000_000).default(1000),
  final: finalRate,
  ...warmUpFields,
});

/** A rate below this share of its peak moves nothing by what single precision shows. */
const spentShare = 2 ** -24;

/** @internal */
export const exponentialMethod: ScheduleMethod<ExponentialSpec, typeof exponential> = {
  create: exponential,
  schema,
  cautions({ peak, decay, every, final, warmup }, steps) {
    const last = Math.max(final, peak * decay ** ((steps - peakUpdate(warmup)) / every));
    if (last >= spentShare * peak) return [];
    return [
      `schedule.exponential falls to ${last.toPrecision(2)} by the end of the run's ${steps} updates: most of them change nothing. Give it a final rate, or a larger every.`,
    ];
  },
  build:
    ({ peak, decay, every, final, warmup }) =>
    (step) => {
      const since = tf.maximum(tf.sub(step, peakUpdate(warmup)), 0);
      // The logarithm in float64: the exponent is then off by one float32 rounding, no more.
      const fallen = tf.mul(tf.exp(tf.mul(since, Math.log(decay) / every)), peak);
      return warmedUp(tf.maximum(fallen, final), step, warmup);
    },
};
