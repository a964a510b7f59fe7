import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';

/**
 * A learning rate as a function of the update's number (float32 scalar, from 1): tfjs code that runs
 * inside a compiled step.
 *
 * @internal
 */
export type Schedule = (step: tf.Scalar) => tf.Scalar;

/** One row of the table of schedules. @internal */
export interface ScheduleMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** The schedule in a run of so many steps, where it may depend on these. */
  forRun?(spec: Spec, steps: number): Spec;
  /** What the user should know of it in a run of so many steps, beside its warm-up. */
  cautions?(spec: Spec, steps: number): readonly string[];
  build(spec: Spec): Schedule;
}
