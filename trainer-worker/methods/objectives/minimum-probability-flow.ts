import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { LevelBlocks } from '../energies/level-blocks';
import { type NoOptions, specOf } from '../options/validate';
import { flipDifferences } from './bit-flips';
import { levelDifferences } from './neighbours';
import type { ObjectiveMethod } from './objective-method';

export interface MinimumProbabilityFlowSpec {
  readonly type: 'minimumProbabilityFlow';
}

/**
 * Minimum probability flow for binary and categorical data (Sohl-Dickstein, Battaglino & DeWeese 2011):
 * how fast probability would begin to flow away from the data, under dynamics that flip single bits, or
 * change single categories, and have the model as their equilibrium. The loss is
 * `mean Σ exp((E(x) - E(neighbour)) / 2)` over the neighbours of each row.
 *
 * Flow between rows of data counts too, so that the loss is a mean over rows; convex where E is linear
 * in the parameters. On real numbers, with steps that shrink, it becomes score matching.
 */
export function minimumProbabilityFlow(options?: NoOptions): MinimumProbabilityFlowSpec {
  return specOf(schema, 'objective.minimumProbabilityFlow', 'minimumProbabilityFlow', options);
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
  domains: ['binary', 'categorical'],
  build: () => ({
    loss(context) {
      const { data, levels } = context;
      if (levels === undefined) {
        return tf.mean(tf.sum(tf.exp(tf.mul(flipDifferences(context, data), 0.5)), 1));
      }
      const differences = levelDifferences(context, data, new LevelBlocks(levels));
      // Nothing flows from a row to itself.
      const flows = tf.mul(tf.exp(tf.mul(differences, 0.5)), tf.sub(1, data));
      return tf.mean(tf.sum(flows, 1));
    },
  }),
};
