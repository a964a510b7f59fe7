import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { flipDifferences } from './bit-flips';
import type { ObjectiveMethod } from './objective-method';

export interface MinimumProbabilityFlowSpec {
  readonly type: 'minimumProbabilityFlow';
}

/**
 * Minimum probability flow for binary data (Sohl-Dickstein, Battaglino & DeWeese 2011): how fast
 * probability would begin to flow away from the data, under dynamics that flip single bits and have
 * the model as their equilibrium. The loss is `mean Σ_d exp((E(x) - E(x with bit d flipped)) / 2)`.
 *
 * Flow between rows of data counts too, so that the loss is a mean over rows; convex where E is linear
 * in the parameters. On real numbers, with steps that shrink, it becomes score matching.
 */
export function minimumProbabilityFlow(): MinimumProbabilityFlowSpec {
  return specOf(schema, 'objective.minimumProbabilityFlow', 'minimumProbabilityFlow', {});
}

const schema: z.ZodType<MinimumProbabilityFlowSpec> = z.strictObject({
  type: z.literal('minimumProbabilityFlow'),
});

/** @internal */
export const minimumProbabilityFlowMethod: ObjectiveMethod<
  MinimumProbabilityFlowSpec,
  typeof minimumProbabilityFlow
> = {
  create: minimumProbabilityFlow,
  schema,
  domains: ['binary'],
  build: () => ({
    loss: (context) =>
      tf.mean(tf.sum(tf.exp(tf.mul(flipDifferences(context, context.data), 0.5)), 1)),
  }),
};
