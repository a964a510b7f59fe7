import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import type { ScheduleSpec } from '../schedules';
import { type CommonOptions, commonFields, learningRateOption, memory } from './common-options';
import type { OptimizerMethod } from './optimizer-method';
import type { ParameterGroupsOptions, ParameterGroupsSpec } from './parameter-groups';

export interface SgdOptions extends CommonOptions {
  /** Factor on the gradient, above 0 to 1000, or a schedule of it. Default 1e-2. */
  readonly learningRate?: number | ScheduleSpec;
  /** Share of the last step that is added to the next, 0 to below 1. Default 0. */
  readonly momentum?: number;
  /** Looks ahead: steps along `gradient + momentum · v`. Needs a momentum. Default false. */
  readonly nesterov?: boolean;
}

export interface SgdSpec
  extends Required<Omit<SgdOptions, keyof ParameterGroupsOptions>>,
    ParameterGroupsSpec {
  readonly type: 'sgd';
}

/**
 * Stochastic gradient descent, `v ← momentum · v + gradient`, `θ ← θ − learningRate · v`; with
 * `nesterov` the step is `learningRate · (gradient + momentum · v)` (Sutskever, Martens, Dahl &
 * Hinton, ICML 2013).
 */
export function sgd(options?: SgdOptions): SgdSpec {
  return specOf(schema, 'optimizer.sgd', 'sgd', options);
}

const schema: z.ZodType<SgdSpec> = z
  .strictObject({
    type: z.literal('sgd'),
    learningRate: learningRateOption(1e-2, 1000),
    momentum: memory.default(0),
    nesterov: z.boolean().default(false),
    ...commonFields,
  })
  .refine(({ momentum, nesterov }) => momentum > 0 || !nesterov, {
    path: ['nesterov'],
    error: "'nesterov' is true, but there is no momentum to look ahead with.",
    params: { remedy: 'Set momentum, for example to 0.9, or leave nesterov out.' },
  });

/** @internal */
export const sgdMethod: OptimizerMethod<SgdSpec, typeof sgd> = {
  create: sgd,
  schema,
  build({ momentum, nesterov }) {
    return {
      slots: momentum > 0 ? ['velocity'] : [],
      decoupledWeightDecay: false,
      update({ learningRate, gradient, slots }) {
        if (momentum === 0) return { change: tf.mul(gradient, learningRate), slots: {} };
        const velocity = tf.add(tf.mul(slots['velocity']!, momentum), gradient);
        const direction = nesterov ? tf.add(gradient, tf.mul(velocity, momentum)) : velocity;
        return { change: tf.mul(direction, learningRate), slots: { velocity } };
      },
    };
  },
};
