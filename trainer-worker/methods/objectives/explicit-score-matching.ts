import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { specOf } from '../options/validate';
import type { ObjectiveMethod } from './objective-method';
import { squaredNorm } from './projected-curvature';

export interface ExplicitScoreMatchingOptions {
  /**
   * The data's own score `d log p(x) / dx`: from points `[n, D]` to `[n, D]`, built of tfjs
   * operations.
   *
   * @example
   * score: (x) => tf.neg(x) // of a standard normal distribution
   */
  readonly score: (x: tf.Tensor2D) => tf.Tensor;
}

export interface ExplicitScoreMatchingSpec extends ExplicitScoreMatchingOptions {
  readonly type: 'explicitScoreMatching';
}

/**
 * Explicit score matching: the Fisher divergence `½ mean |s_data - s|²` itself (Hyvärinen 2005), for
 * data whose score is known. A yardstick for the methods that do without it.
 */
export function explicitScoreMatching(
  options: ExplicitScoreMatchingOptions,
): ExplicitScoreMatchingSpec {
  return specOf(schema, 'objective.explicitScoreMatching', 'explicitScoreMatching', options);
}

const schema: z.ZodType<ExplicitScoreMatchingSpec> = z.strictObject({
  type: z.literal('explicitScoreMatching'),
  score: z.custom<ExplicitScoreMatchingSpec['score']>((value) => typeof value === 'function', {
    error: "'score' is not a function.",
    params: { remedy: 'Write score: (x) => … with a result of the shape of x.' },
  }),
});

/** @internal */
export const explicitScoreMatchingMethod: ObjectiveMethod<
  ExplicitScoreMatchingSpec,
  typeof explicitScoreMatching
> = {
  create: explicitScoreMatching,
  schema,
  build: ({ score: known }) => ({
    loss({ data, score }) {
      const ofData: unknown = known(data);
      if (!(ofData instanceof tf.Tensor) || String(ofData.shape) !== String(data.shape)) {
        const returned =
          ofData instanceof tf.Tensor
            ? `shape [${ofData.shape.join(', ')}]`
            : 'something that is no tensor';
        throw new ProblemError({
          kind: 'experiment',
          message: `The score of objective.explicitScoreMatching returned ${returned} for points of shape [${data.shape.join(', ')}].`,
          remedy: 'Return d log p / dx of each point, a tensor of the shape of x.',
        });
      }
      return tf.mul(tf.mean(squaredNorm(tf.sub(ofData, score(data)) as tf.Tensor2D)), 0.5);
    },
  }),
};
