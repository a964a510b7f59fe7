import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { specOf } from '../options/validate';
import { type DecayOptions, type DecaySpec, decaying, decaySchema, endOf } from './decay-length';
import type { ScheduleMethod } from './schedule-method';
import { peakUpdate, progress, warmedUp } from './warm-up';

export type CosineSpec = DecaySpec<'cosine'>;

/**
 * Half a cosine from `peak` to `final`, `final + (peak − final) · (1 + cos πu) / 2` with u from 0 at
 * the end of the warm-up to 1 at update `steps` (Loshchilov & Hutter, arXiv:1608.03983, without
 * restarts).
 */
export function cosine(options: DecayOptions): CosineSpec {
  return specOf(schema, 'schedule.cosine', 'cosine', options);
}

const schema: z.ZodType<CosineSpec> = decaySchema('cosine');

/** @internal */
export const cosineMethod: ScheduleMethod<CosineSpec, typeof cosine> = {
  create: cosine,
  schema,
  ...decaying,
  build: (spec) => (step) => {
    const { peak, final, warmup } = spec;
    const angle = tf.mul(progress(step, peakUpdate(warmup), endOf(spec)), Math.PI);
    // cos is never below -1, so this is never negative, and nothing cancels at the end.
    const share = tf.mul(tf.add(tf.cos(angle), 1), 0.5);
    return warmedUp(tf.add(tf.mul(share, peak - final), final), step, warmup);
  },
};
