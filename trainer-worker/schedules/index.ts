import { rowOf, type SpecOf } from '../options/method-table';
import { constantMethod } from './constant';
import { cosineMethod } from './cosine';
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
};

/** What any function of `schedule` makes. */
export type ScheduleSpec = SpecOf<typeof schedules>;

/** The row of the table that made `spec`. @internal */
export function scheduleMethod(spec: ScheduleSpec): ScheduleMethod<ScheduleSpec, unknown> {
  return rowOf(schedules, spec.type);
}
