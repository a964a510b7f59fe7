import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { flipDifferences } from './bit-flips';
import type { ObjectiveMethod } from './objective-method';

export interface RatioMatchingSpec {
  readonly type: 'ratioMatching';
}

/**
 * Ratio matching for binary data (Hyvärinen 2007): the loss is
 * `mean Σ_d σ(E(x) - E(x with bit d flipped))²` with the logistic function σ. It compares each point
 * with its D neighbours, so Z drops out, at the cost of D + 1 energies.
 */
export function ratioMatching(): RatioMatchingSpec {
  return specOf(schema, 'objective.ratioMatching', 'ratioMatching', {});
}

const schema: z.ZodType<RatioMatchingSpec> = z.strictObject({ type: z.literal('ratioMatching') });

/** @internal */
export const ratioMatchingMethod: ObjectiveMethod<RatioMatchingSpec, typeof ratioMatching> = {
  create: ratioMatching,
  schema,
  domains: ['binary'],
  build: () => ({
    loss: (context) =>
      tf.mean(tf.sum(tf.square(tf.sigmoid(flipDifferences(context, context.data))), 1)),
  }),
};
