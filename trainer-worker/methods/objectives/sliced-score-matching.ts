import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { type DirectionKind, directionKind, randomDirections } from './directions';
import type { ObjectiveMethod } from './objective-method';
import { projectedCurvature, squaredNorm } from './projected-curvature';

export interface SlicedScoreMatchingOptions {
  /** Random directions for each data point and step, 1 to 1000. Default 1. */
  readonly projections?: number;
  /**
   * How a direction v is drawn, with `E[v vᵀ] = I`: each coordinate ±1, Gaussian, or uniform on the
   * sphere `|v|² = D`. Default `'rademacher'`, whose trace estimate varies least.
   */
  readonly directions?: DirectionKind;
  /**
   * Take `½ |s|²` for `½ (v·s)²`, its mean over the directions (SSM-VR). Default `true`: less noise at
   * no cost.
   */
  readonly varianceReduction?: boolean;
}

export interface SlicedScoreMatchingSpec extends Required<SlicedScoreMatchingOptions> {
  readonly type: 'slicedScoreMatching';
}

/**
 * Sliced score matching (Song et al. 2019): the loss is `mean (vᵀ (∂s/∂x) v + ½ |s|²)` over the data
 * and random directions v, in the mean that of implicit score matching at the cost of one more
 * backward pass in any dimension. Score matching hardly sees how much weight far modes have.
 */
export function slicedScoreMatching(options?: SlicedScoreMatchingOptions): SlicedScoreMatchingSpec {
  return specOf(schema, 'objective.slicedScoreMatching', 'slicedScoreMatching', options);
}

const schema: z.ZodType<SlicedScoreMatchingSpec> = z.strictObject({
  type: z.literal('slicedScoreMatching'),
  projections: integer(1, 1000).default(1),
  directions: directionKind.default('rademacher'),
  varianceReduction: z.boolean().default(true),
});

/** @internal */
export const slicedScoreMatchingMethod: ObjectiveMethod<
  SlicedScoreMatchingSpec,
  typeof slicedScoreMatching
> = {
  create: slicedScoreMatching,
  schema,
  build: ({ projections, directions, varianceReduction }) => ({
    loss(context) {
      const [count, dimensions] = context.data.shape;
      const v = randomDirections(directions, count * projections, dimensions);
      const x = projections === 1 ? context.data : tf.tile(context.data, [projections, 1]);
      const { score, curvature } = projectedCurvature(context, x, v);
      const square = varianceReduction
        ? squaredNorm(score)
        : tf.square(tf.sum(tf.mul(v, score), 1));
      return tf.mean(tf.add(tf.mul(square, 0.5), curvature));
    },
  }),
};
