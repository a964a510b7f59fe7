import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { type NoiseScaling, noiseScaling, noiseScalingPower } from './noise-scaling';
import type { ObjectiveMethod } from './objective-method';
import { squaredNorm } from './projected-curvature';

export interface DenoisingScoreMatchingOptions {
  /**
   * σ, the standard deviation of the noise added to the data, in its units; above 0 to 1000. Default
   * 0.1. The model learns the data blurred by it; gradients vary as 1/σ².
   */
  readonly sigma?: number;
  /** `'score'`, `'noise'` (σ² times that) or `'DEEN'` (σ⁴ times). Default `'score'`. */
  readonly scaling?: NoiseScaling;
  /**
   * Subtract `|z|²/(2σ²) + z·s(x)/σ`, whose mean is known, from the loss (Wang et al. 2020): far less
   * noise where σ is small, for one more score a step. Default `false`.
   */
  readonly controlVariate?: boolean;
}

export interface DenoisingScoreMatchingSpec extends Required<DenoisingScoreMatchingOptions> {
  readonly type: 'denoisingScoreMatching';
}

/**
 * Denoising score matching (Vincent 2011): the loss is `½ mean |s(x + σz) + z/σ|²` with Gaussian z.
 *
 * Its optimum is the score of the data blurred by the noise, not of the data. Needs no second
 * derivative in x.
 */
export function denoisingScoreMatching(
  options?: DenoisingScoreMatchingOptions,
): DenoisingScoreMatchingSpec {
  return specOf(schema, 'objective.denoisingScoreMatching', 'denoisingScoreMatching', options);
}

const schema: z.ZodType<DenoisingScoreMatchingSpec> = z.strictObject({
  type: z.literal('denoisingScoreMatching'),
  sigma: positive.max(1000).default(0.1),
  scaling: noiseScaling,
  controlVariate: z.boolean().default(false),
});

/** @internal */
export const denoisingScoreMatchingMethod: ObjectiveMethod<
  DenoisingScoreMatchingSpec,
  typeof denoisingScoreMatching
> = {
  create: denoisingScoreMatching,
  schema,
  build({ sigma, scaling, controlVariate }) {
    // The squares below are of σs + z, so of size one: σ² times the loss.
    const factor = sigma ** (noiseScalingPower[scaling] - 2);
    return {
      loss({ data, score }) {
        const z = noise('normal', data.shape) as tf.Tensor2D;
        const scores = score(tf.add(data, tf.mul(z, sigma)) as tf.Tensor2D);
        if (!controlVariate) {
          const residual = tf.add(tf.mul(scores, sigma), z) as tf.Tensor2D;
          return tf.mul(tf.mean(squaredNorm(residual)), factor / 2);
        }
        // ½ |σs̃ + z|² less ½ |z|² + σ z·s(x), plus the mean of that, D/2.
        const difference = tf.sum(tf.mul(z, tf.sub(scores, score(data))), 1);
        const square = tf.mul(squaredNorm(scores), sigma ** 2 / 2);
        const mean = tf.mean(tf.add(square, tf.mul(difference, sigma)));
        return tf.mul(tf.add(mean, data.shape[1] / 2), factor);
      },
    };
  },
};
