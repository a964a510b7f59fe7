import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { flipDifferences } from './bit-flips';
import type { ObjectiveMethod } from './objective-method';

export interface PseudoLikelihoodSpec {
  readonly type: 'pseudoLikelihood';
}

/**
 * Pseudo-likelihood for binary data (Besag 1975): each bit is predicted from all the others, and the
 * loss is `-mean Σ_d log p(x_d | rest) = mean Σ_d log(1 + exp(E(x) - E(x with bit d flipped)))`. Z drops
 * out, at the cost of D + 1 energies.
 */
export function pseudoLikelihood(): PseudoLikelihoodSpec {
  return specOf(schema, 'objective.pseudoLikelihood', 'pseudoLikelihood', {});
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
  domains: ['binary'],
  build: () => ({
    loss: (context) => tf.mean(tf.sum(tf.softplus(flipDifferences(context, context.data)), 1)),
  }),
};
