import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type NoOptions, specOf } from '../options/validate';
import type { ObjectiveMethod } from './objective-method';
import { axisCurvatures, squaredNorm } from './projected-curvature';

export interface ImplicitScoreMatchingSpec {
  readonly type: 'implicitScoreMatching';
}

/**
 * Implicit score matching (Hyvärinen 2005): the loss is `mean (½ |s|² + tr ∂s/∂x)` over the data,
 * with `s = -dE/dx`; in terms of the energy, `½ |∇E|² - ΔE`. Up to a constant it is the Fisher
 * divergence of model and data.
 *
 * The trace is exact and costs D backward passes, so it suits few dimensions: sliced score matching
 * needs one. The data must have a smooth density on the whole space. Score matching hardly sees how
 * much weight far modes have.
 */
export function implicitScoreMatching(options?: NoOptions): ImplicitScoreMatchingSpec {
  return specOf(schema, 'objective.implicitScoreMatching', 'implicitScoreMatching', options);
}

const schema: z.ZodType<ImplicitScoreMatchingSpec> = z.strictObject({
  type: z.literal('implicitScoreMatching'),
});

/** @internal */
export const implicitScoreMatchingMethod: ObjectiveMethod<
  ImplicitScoreMatchingSpec,
  typeof implicitScoreMatching
> = {
  create: implicitScoreMatching,
  schema,
  build: () => ({
    loss(context) {
      const { score, curvatures } = axisCurvatures(context, context.data);
      return tf.mean(tf.add(tf.mul(squaredNorm(score), 0.5), tf.sum(curvatures, 1)));
    },
  }),
};
