import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import {
  areInOrder,
  noiseLevels,
  noiseLevelsFields,
  wrongOrder,
} from '../noise-distributions/noise-levels';
import { specOf } from '../options/validate';
import { annealedLangevin } from '../samplers/annealed-langevin';
import { varianceExploding } from '../sdes/variance-exploding';
import { type AntitheticOption, antitheticFields, noisyRows, spreadUniform } from './noisy-pairs';
import type { ObjectiveMethod } from './objective-method';
import { squaredNorm } from './projected-curvature';

export interface MultiNoiseScoreMatchingOptions extends AntitheticOption {
  /**
   * The highest level, in units of the data, above `lowest` to 1000; about the largest distance in it.
   * Default 3.
   */
  readonly highest?: number;
  /** The lowest level, above 0 and below `highest`: the one that is shown. Default 0.05. */
  readonly lowest?: number;
  /** Levels between and with these two, in a geometric sequence, 2 to 10 000. Default 10. */
  readonly levels?: number;
}

export interface MultiNoiseScoreMatchingSpec extends Required<MultiNoiseScoreMatchingOptions> {
  readonly type: 'multiNoiseScoreMatching';
}

/**
 * Denoising score matching at many noise levels at once (noise-conditional score networks, NCSN; Song
 * & Ermon 2019, arXiv:1907.05600): each row of a batch gets a level σ of its own, and the loss is
 * `½ mean |σ s(x + σz, σ) + z|²`. High levels join modes that lie apart, low ones show detail; samples
 * come from annealed Langevin dynamics, from high to low. For an energy of a noise level, such as
 * `energy.noiseConditional` or `energy.scoreNetwork`.
 */
export function multiNoiseScoreMatching(
  options?: MultiNoiseScoreMatchingOptions,
): MultiNoiseScoreMatchingSpec {
  return specOf(schema, 'objective.multiNoiseScoreMatching', 'multiNoiseScoreMatching', options);
}

const schema: z.ZodType<MultiNoiseScoreMatchingSpec> = z
  .strictObject({
    type: z.literal('multiNoiseScoreMatching'),
    ...noiseLevelsFields,
    ...antitheticFields,
  })
  .refine(areInOrder, wrongOrder);

/** @internal */
export const multiNoiseScoreMatchingMethod: ObjectiveMethod<
  MultiNoiseScoreMatchingSpec,
  typeof multiNoiseScoreMatching
> = {
  create: multiNoiseScoreMatching,
  schema,
  previewSampler: ({ highest, lowest, levels }) => annealedLangevin({ highest, lowest, levels }),
  previewChainSteps: ({ highest, lowest, levels }) =>
    annealedLangevin({ highest, lowest, levels }).steps,
  flow: ({ highest, lowest }) => varianceExploding({ highest, lowest }),
  build({ highest, lowest, levels, antithetic }) {
    const sigmas = noiseLevels(highest, lowest, levels);
    return {
      shownNoiseLevel: lowest,
      loss({ data, score }) {
        const drawn = tf.floor(tf.mul(spreadUniform(data.shape[0]), levels));
        // Rounding may take the last row's number to 1.
        const index = tf.cast(tf.minimum(drawn, levels - 1), 'int32') as tf.Tensor1D;
        const sigma = tf.gather(tf.tensor1d([...sigmas]), index);
        const { points, z, level } = noisyRows(data, sigma, antithetic);
        const scaled = tf.mul(score(points, level), tf.expandDims(level, 1));
        const residual = tf.add(scaled, z) as tf.Tensor2D;
        return tf.mul(tf.mean(squaredNorm(residual)), 0.5);
      },
    };
  },
};
