import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { ScheduleSpec } from '../schedules';
import { type CommonOptions, commonFields, learningRateOption, memory } from './common-options';
import { filledShare, movingAverage } from './moments';
import type { Optimizer, OptimizerMethod } from './optimizer-method';
import type { ParameterGroupsOptions, ParameterGroupsSpec } from './parameter-groups';

export interface AdamOptions extends CommonOptions {
  /** Size of a step, above 0 to 10, or a schedule of it. Default 1e-3. */
  readonly learningRate?: number | ScheduleSpec;
  /** Memory of the mean of the gradient, 0 to below 1. Default 0.9. */
  readonly beta1?: number;
  /** Memory of the mean of its square, 0 to below 1. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of that mean, above 0 to 1. Default 1e-8. */
  readonly epsilon?: number;
}

export interface AdamSpec
  extends Required<Omit<AdamOptions, keyof ParameterGroupsOptions>>,
    ParameterGroupsSpec {
  readonly type: 'adam';
}

/** Adam (Kingma & Ba, arXiv:1412.6980), with bias correction. */
export function adam(options?: AdamOptions): AdamSpec {
  return specOf(schema, 'optimizer.adam', 'adam', options);
}

/** The schemas of Adam's own options. @internal */
export const adamFields = {
  learningRate: learningRateOption(1e-3, 10),
  beta1: memory.default(0.9),
  beta2: memory.default(0.999),
  epsilon: positive.max(1).default(1e-8),
};

const schema: z.ZodType<AdamSpec> = z.strictObject({
  type: z.literal('adam'),
  ...adamFields,
  ...commonFields,
});

/**
 * Adam's step, `learningRate · m̂ / (√v̂ + ε)`, written as `rate · m / (√v + ε√c₂)` with the bias
 * corrections c₁ and c₂ in scalars (section 2 of the paper): the same number by two passes fewer over
 * the parameter.
 *
 * @internal
 */
export function adamUpdate({ beta1, beta2, epsilon }: AdamMoments): Optimizer['update'] {
  return ({ step, learningRate, gradient, slots }) => {
    const mean = movingAverage(slots['mean']!, gradient, beta1);
    const square = movingAverage(slots['square']!, tf.square(gradient), beta2);
    const squareRoot = tf.sqrt(filledShare(beta2, step));
    const rate = tf.div(tf.mul(learningRate, squareRoot), filledShare(beta1, step));
    const spread = tf.add(tf.sqrt(square), tf.mul(squareRoot, epsilon));
    return { change: tf.mul(tf.div(mean, spread), rate), slots: { mean, square } };
  };
}

type AdamMoments = Pick<AdamSpec, 'beta1' | 'beta2' | 'epsilon'>;

/** @internal */
export const adamMethod: OptimizerMethod<AdamSpec, typeof adam> = {
  create: adam,
  schema,
  build: (spec) => ({
    slots: ['mean', 'square'],
    decoupledWeightDecay: false,
    update: adamUpdate(spec),
  }),
};
