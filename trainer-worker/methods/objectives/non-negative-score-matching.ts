import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { type NoOptions, specOf } from '../options/validate';
import type { ObjectiveMethod } from './objective-method';
import { axisCurvatures, squaredNorm } from './projected-curvature';

export interface NonNegativeScoreMatchingSpec {
  readonly type: 'nonNegativeScoreMatching';
}

/**
 * Score matching for data that are never negative (Hyvärinen 2007): the loss is
 * `mean Σᵢ (½ xᵢ² sᵢ² + 2 xᵢ sᵢ + xᵢ² ∂sᵢ/∂xᵢ)`, up to a constant `½ mean Σᵢ xᵢ² (sᵢ - s_dataᵢ)²`.
 * The weight xᵢ² makes up for a density that jumps to zero at the border.
 *
 * The derivatives are exact and cost D backward passes.
 */
export function nonNegativeScoreMatching(options?: NoOptions): NonNegativeScoreMatchingSpec {
  return specOf(schema, 'objective.nonNegativeScoreMatching', 'nonNegativeScoreMatching', options);
}

const schema: z.ZodType<NonNegativeScoreMatchingSpec> = z.strictObject({
  type: z.literal('nonNegativeScoreMatching'),
});

/** @internal */
export const nonNegativeScoreMatchingMethod: ObjectiveMethod<
  NonNegativeScoreMatchingSpec,
  typeof nonNegativeScoreMatching
> = {
  create: nonNegativeScoreMatching,
  schema,
  domains: ['nonnegative'],
  build: () => ({
    loss(context) {
      const { data } = context;
      const { score, curvatures } = axisCurvatures(context, data);
      const weighted: tf.Tensor2D = tf.mul(data, score);
      const drift = tf.mul(tf.sum(weighted, 1), 2);
      const curvature = tf.sum(tf.mul(tf.square(data), curvatures), 1);
      return tf.mean(tf.add(tf.add(tf.mul(squaredNorm(weighted), 0.5), drift), curvature));
    },
  }),
};
