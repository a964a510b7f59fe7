import { rowOf, type SpecOf } from '../options/method-table';
import { constantMethod } from './constant';
import { cosineMethod } from './cosine';
import { customMethod } from './custom';
import { exponentialMethod } from './exponential';
import { linearMethod } from './linear';
import { piecewiseMethod } from './piecewise';
import type { ScheduleMethod } from './schedule-method';

/** Every learning-rate schedule: to add one, write its file and name it here. */
export const schedules = {
  constant: constantMethod,
  cosine: cosineMethod,
  linear: linearMethod,
  exponential: exponentialMethod,
  piecewise: piecewiseMethod,
  custom: customMethod,
};

/** What any function of `schedule` makes. */
export type ScheduleSpec = SpecOf<typeof schedules>;

/** The row of the table that made `spec`. @internal */
export function scheduleMethod(spec: ScheduleSpec): ScheduleMethod<ScheduleSpec, unknown> {
  return rowOf(schedules, spec.type);
}

/** A learning rate in a run of so many updates: a schedule without a length of its own has the run's. */
export function rateForRun<Rate extends number | ScheduleSpec>(rate: Rate, steps: number): Rate {
  if (typeof rate === 'number') return rate;
  const spec: ScheduleSpec = rate;
  return (scheduleMethod(spec).forRun?.(spec, steps) ?? spec) as Rate;
}

/** Where a learning rate and the length of its run do not fit each other, in words. */
export function rateCautions(rate: number | ScheduleSpec, steps: number): string[] {
  if (typeof rate === 'number') return [];
  const { warmup } = rate;
  const rising =
    warmup <= steps
      ? []
      : [
          `The warm-up of schedule.${rate.type} takes ${warmup} updates, but the run has ${steps}: the rate never gets to its full size.`,
        ];
  return [...rising, ...(scheduleMethod(rate).cautions?.(rate, steps) ?? [])];
}
