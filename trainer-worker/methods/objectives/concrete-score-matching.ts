import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { LevelBlocks } from '../energies/level-blocks';
import { type NoOptions, specOf } from '../options/validate';
import { flipDifferences } from './bit-flips';
import { levelDifferences } from './neighbours';
import type { ObjectiveMethod } from './objective-method';

export interface ConcreteScoreMatchingSpec {
  readonly type: 'concreteScoreMatching';
}

/**
 * Concrete score matching for binary and categorical data (Meng, Choi, Song & Ermon 2022,
 * arXiv:2211.00802): the squared distance of `p(neighbour)/p(x) - 1` under the model from that of the data,
 * over the neighbours of each row, which differ from it in one bit or one category. With
 * `r = exp(E(x) - E(neighbour))` it is `mean Σ (r² - 2/r)` but for a constant, since each is its
 * neighbour's neighbour.
 *
 * The ratios have no bound, and no more has the loss: where a row has a neighbour that the data lack,
 * it falls without end. For data in which all is seen that may be; `objective.ratioMatching` compares
 * the same by ratios between 0 and 1.
 */
export function concreteScoreMatching(options?: NoOptions): ConcreteScoreMatchingSpec {
  return specOf(schema, 'objective.concreteScoreMatching', 'concreteScoreMatching', options);
}

const schema: z.ZodType<ConcreteScoreMatchingSpec> = z.strictObject({
  type: z.literal('concreteScoreMatching'),
});

/** @internal */
export const concreteScoreMatchingMethod: ObjectiveMethod<
  ConcreteScoreMatchingSpec,
  typeof concreteScoreMatching
> = {
  create: concreteScoreMatching,
  schema,
  domains: ['binary', 'categorical'],
  build: () => ({
    loss(context) {
      const { data, levels } = context;
      const distances = (differences: tf.Tensor) =>
        tf.sub(tf.exp(tf.mul(differences, 2)), tf.mul(tf.exp(tf.neg(differences)), 2));
      if (levels === undefined) {
        return tf.mean(tf.sum(distances(flipDifferences(context, data)), 1));
      }
      const ofLevels = distances(levelDifferences(context, data, new LevelBlocks(levels)));
      // A row is no neighbour of itself.
      return tf.mean(tf.sum(tf.mul(ofLevels, tf.sub(1, data)), 1));
    },
  }),
};
