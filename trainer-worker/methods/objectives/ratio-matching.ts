import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { LevelBlocks } from '../energies/level-blocks';
import { type NoOptions, specOf } from '../options/validate';
import { flipDifferences } from './bit-flips';
import { levelDifferences } from './neighbours';
import type { ObjectiveMethod } from './objective-method';

export interface RatioMatchingSpec {
  readonly type: 'ratioMatching';
}

/**
 * Ratio matching for binary and categorical data (Hyvärinen 2007): the loss is
 * `mean Σ_d σ(E(x) - E(x with bit d flipped))²` with the logistic function σ. It compares each point
 * with its D neighbours, so Z drops out, at the cost of D + 1 energies.
 *
 * That is half the squared distance of `p(x_d | rest)` from the value that is there, and so it is for
 * categories: `½ mean Σ_c Σ_k (1[x_c = k] - p(k | rest))²`, a proper score of each conditional law
 * (Brier 1950), least in the mean where the model has those of the data.
 */
export function ratioMatching(options?: NoOptions): RatioMatchingSpec {
  return specOf(schema, 'objective.ratioMatching', 'ratioMatching', options);
}

const schema: z.ZodType<RatioMatchingSpec> = z.strictObject({ type: z.literal('ratioMatching') });

/** @internal */
export const ratioMatchingMethod: ObjectiveMethod<RatioMatchingSpec, typeof ratioMatching> = {
  create: ratioMatching,
  schema,
  domains: ['binary', 'categorical'],
  build: () => ({
    loss(context) {
      const { data, levels } = context;
      if (levels === undefined) {
        return tf.mean(tf.sum(tf.square(tf.sigmoid(flipDifferences(context, data))), 1));
      }
      const blocks = new LevelBlocks(levels);
      const logits = blocks.apart(levelDifferences(context, data, blocks));
      const chances = blocks.joined(tf.softmax(logits));
      return tf.mul(tf.mean(tf.sum(tf.square(tf.sub(data, chances)), 1)), 0.5);
    },
  }),
};
