import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { ScheduleSpec } from '../schedules';
import { type CommonOptions, commonFields, learningRateOption, memory } from './common-options';
import { movingAverage } from './moments';
import type { OptimizerMethod } from './optimizer-method';
import type { ParameterGroupsOptions, ParameterGroupsSpec } from './parameter-groups';

export interface RmsPropOptions extends CommonOptions {
  /** Size of a step, above 0 to 10, or a schedule of it. Default 1e-3. */
  readonly learningRate?: number | ScheduleSpec;
  /** Memory of the mean of the gradient's square, 0 to below 1. Default 0.9. */
  readonly rho?: number;
  /** Share of the last step that is added to the next, 0 to below 1. Default 0. */
  readonly momentum?: number;
  /** Added to the root of the mean, above 0 to 1. Default 1e-8. */
  readonly epsilon?: number;
}

export interface RmsPropSpec
  extends Required<Omit<RmsPropOptions, keyof ParameterGroupsOptions>>,
    ParameterGroupsSpec {
  readonly type: 'rmsProp';
}

/**
 * RMSProp (Tieleman & Hinton, COURSERA lecture 6.5, 2012): `s ← ρ s + (1 − ρ) gradient²`,
 * `v ← momentum · v + gradient / (√s + ε)`, `θ ← θ − learningRate · v`. Without bias correction: as s
 * begins at 0, the first steps are up to 1/√(1 − ρ) times longer.
 */
export function rmsProp(options?: RmsPropOptions): RmsPropSpec {
  return specOf(schema, 'optimizer.rmsProp', 'rmsProp', options);
}

const schema: z.ZodType<RmsPropSpec> = z.strictObject({
  type: z.literal('rmsProp'),
  learningRate: learningRateOption(1e-3, 10),
  rho: memory.default(0.9),
  momentum: memory.default(0),
  epsilon: positive.max(1).default(1e-8),
  ...commonFields,
});

/** @internal */
export const rmsPropMethod: OptimizerMethod<RmsPropSpec, typeof rmsProp> = {
  create: rmsProp,
  schema,
  build({ rho, momentum, epsilon }) {
    return {
      slots: momentum > 0 ? ['square', 'velocity'] : ['square'],
      decoupledWeightDecay: false,
      update({ learningRate, gradient, slots }) {
        const square = movingAverage(slots['square']!, tf.square(gradient), rho);
        const direction = tf.div(gradient, tf.add(tf.sqrt(square), epsilon));
        if (momentum === 0) return { change: tf.mul(direction, learningRate), slots: { square } };
        const velocity = tf.add(tf.mul(slots['velocity']!, momentum), direction);
        return { change: tf.mul(velocity, learningRate), slots: { square, velocity } };
      },
    };
  },
};
