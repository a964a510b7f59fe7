import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { LevelBlocks } from '../energies/level-blocks';
import { type NoOptions, specOf } from '../options/validate';
import { flipDifferences } from './bit-flips';
import { levelDifferences, logConditionals } from './neighbours';
import type { ObjectiveMethod } from './objective-method';

export interface PseudoLikelihoodSpec {
  readonly type: 'pseudoLikelihood';
}

/**
 * Pseudo-likelihood for binary and categorical data (Besag 1975): each bit, or each category, is predicted
 * from all the others. The loss is `-mean Σ_d log p(x_d | rest)`, for bits
 * `mean Σ_d log(1 + exp(E(x) - E(x with bit d flipped)))`. Z drops out, at the cost of D + 1 energies.
 */
export function pseudoLikelihood(options?: NoOptions): PseudoLikelihoodSpec {
  return specOf(schema, 'objective.pseudoLikelihood', 'pseudoLikelihood', options);
}

const schema: z.ZodType<PseudoLikelihoodSpec> = z.strictObject({
  type: z.literal('pseudoLikelihood'),
});

/** @internal */
export const pseudoLikelihoodMethod: ObjectiveMethod<
  PseudoLikelihoodSpec,
  typeof pseudoLikelihood
> = {
  create: pseudoLikelihood,
  schema,
  domains: ['binary', 'categorical'],
  build: () => ({
    loss(context) {
      const { data, levels } = context;
      if (levels === undefined) {
        return tf.mean(tf.sum(tf.softplus(flipDifferences(context, data)), 1));
      }
      const blocks = new LevelBlocks(levels);
      const differences = levelDifferences(context, data, blocks);
      return tf.mean(tf.sum(logConditionals(differences, blocks), 1));
    },
  }),
};
