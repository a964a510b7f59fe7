/** Numbers of a sampler that may change over the iterations of a run of chains. */
import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { familySchema } from '../options/method-table';
import { rateForRun, type ScheduleSpec, scheduleMethod, schedules } from '../schedules';

/**
 * A number; a list, whose values each hold for an equal share of the sampler's `steps`, in order; or a
 * schedule, such as `schedule.linear({ peak: 0.3, final: 0.01 })`, of the iteration's number from 1.
 * A schedule without a length of its own has the sampler's `steps`. Chains that go on beyond their `steps`
 * keep the last value.
 */
export type OverIterations = number | readonly number[] | ScheduleSpec;

/** A list longer than this is a schedule. */
const longestList = 10_000;

/** The schema of a number that may change over iterations. @internal */
export function overIterationsField(one: z.ZodType<number>, standard: number) {
  const schedule: z.ZodType<ScheduleSpec> = familySchema('schedule', schedules);
  const list = z.array(one).min(2).max(longestList);
  return z.union([one, list, schedule]).default(standard) as z.ZodType<OverIterations, unknown>;
}

/**
 * The value of an iteration: the number itself where it is always the same, else a float32 scalar.
 *
 * @param steps iterations of a run of chains
 */
export function overIterations(
  given: OverIterations,
  steps: number,
): (iteration: tf.Tensor) => number | tf.Scalar {
  if (typeof given === 'number') return () => given;
  const numbered = (iteration: tf.Tensor) => tf.cast(iteration, 'float32') as tf.Scalar;
  if ('type' in given) {
    const rate = scheduleMethod(given).build(rateForRun(given, steps));
    return (iteration) => rate(tf.minimum(tf.add(numbered(iteration), 1), steps));
  }
  const values = given as readonly number[];
  return (iteration) => {
    const due = tf.floor(tf.mul(numbered(iteration), values.length / steps));
    const place = tf.cast(tf.minimum(due, values.length - 1), 'int32');
    return tf.gather(tf.tensor1d([...values]), place as tf.Tensor1D) as unknown as tf.Scalar;
  };
}

/** The value of the last of a run's iterations, for what is told of the run. */
export function lastOf(given: OverIterations, steps: number): number | tf.Scalar {
  if (typeof given === 'number') return given;
  return overIterations(given, steps)(tf.scalar(steps - 1, 'int32'));
}

/** The root of a number or of a scalar. */
export function rootOf(value: number | tf.Scalar): number | tf.Scalar {
  return typeof value === 'number' ? Math.sqrt(value) : tf.sqrt(value);
}

/** Whether a number is 1 in all iterations. */
export const isOne = (given: OverIterations): boolean => given === 1;
