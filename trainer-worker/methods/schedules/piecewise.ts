import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { rate } from './rates';
import type { ScheduleMethod } from './schedule-method';
import { type WarmUpOptions, warmedUp, warmUpFields } from './warm-up';

export interface PiecewiseOptions extends WarmUpOptions {
  /** The last update that has each rate but the last, rising; 1 to 100 of them, each 1 to 1 000 000 000. */
  readonly boundaries: readonly number[];
  /** The rates, one more than boundaries, 2 to 101; each above 0 to 1000. */
  readonly values: readonly number[];
}

export interface PiecewiseSpec extends Required<PiecewiseOptions> {
  readonly type: 'piecewise';
}

/** `values[0]` up to and including update `boundaries[0]`, then `values[1]`, and so on. */
export function piecewise(options: PiecewiseOptions): PiecewiseSpec {
  return specOf(schema, 'schedule.piecewise', 'piecewise', options);
}

const schema: z.ZodType<PiecewiseSpec> = z
  .strictObject({
    type: z.literal('piecewise'),
    boundaries: z.array(integer(1, 1_000_000_000)).min(1).max(100),
    values: z.array(rate).min(2).max(101),
    ...warmUpFields,
  })
  .refine(({ boundaries }) => boundaries.every((at, i) => i === 0 || at > boundaries[i - 1]!), {
    path: ['boundaries'],
    error: "'boundaries' do not rise.",
    params: { remedy: 'Each must be larger than the one before.' },
  })
  .refine(({ boundaries, values }) => values.length === boundaries.length + 1, {
    path: ['values'],
    error: "'values' and 'boundaries' do not fit each other.",
    params: { remedy: 'There must be one value more than boundaries.' },
  });

/** @internal */
export const piecewiseMethod: ScheduleMethod<PiecewiseSpec, typeof piecewise> = {
  create: piecewise,
  schema,
  cautions({ boundaries, values }, steps) {
    const unused = boundaries.filter((boundary) => boundary >= steps).length;
    if (unused === 0) return [];
    return [
      `schedule.piecewise changes the rate after update ${boundaries.at(-unused)}, but the run has ${steps}: ${values.slice(-unused).join(', ')} is never used.`,
    ];
  },
  build:
    ({ boundaries, values: [first, ...later], warmup }) =>
    (step) => {
      const chosen = boundaries.reduce<tf.Scalar>(
        (before, boundary, index) =>
          tf.where(tf.greater(step, boundary), tf.scalar(later[index]!), before),
        tf.scalar(first!),
      );
      return warmedUp(chosen, step, warmup);
    },
};
