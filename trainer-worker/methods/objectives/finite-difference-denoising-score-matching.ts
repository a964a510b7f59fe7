import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { randomDirections } from './directions';
import { type NoiseScaling, noiseScaling, noiseScalingPower } from './noise-scaling';
import type { ObjectiveMethod } from './objective-method';

export interface FiniteDifferenceDenoisingScoreMatchingOptions {
  /** σ, the standard deviation of the noise added to the data, above 0 to 1000. Default 0.1. */
  readonly sigma?: number;
  /**
   * ε: energies are compared at a distance of ε√D to either side, in units of the data; above 0 to
   * 1000. Default 0.01. The bias falls as ε², while rounding of the energies grows as 1/ε.
   */
  readonly epsilon?: number;
  /** `'score'`, `'noise'` (σ² times that) or `'DEEN'` (σ⁴ times). Default `'score'`. */
  readonly scaling?: NoiseScaling;
}

export interface FiniteDifferenceDenoisingScoreMatchingSpec
  extends Required<FiniteDifferenceDenoisingScoreMatchingOptions> {
  readonly type: 'finiteDifferenceDenoisingScoreMatching';
}

/**
 * Finite-difference denoising score matching (Pang et al. 2020): denoising score matching with the
 * error of the score measured along one random direction, where a difference of two energies gives
 * it: `½ mean (σ(E(x̃ − εv) − E(x̃ + εv))/(2ε) + v·z)²` with `x̃ = x + σz` and `|v|² = D`, times the
 * power of σ that `scaling` says. No gradient in x.
 */
export function finiteDifferenceDenoisingScoreMatching(
  options?: FiniteDifferenceDenoisingScoreMatchingOptions,
): FiniteDifferenceDenoisingScoreMatchingSpec {
  return specOf(
    schema,
    'objective.finiteDifferenceDenoisingScoreMatching',
    'finiteDifferenceDenoisingScoreMatching',
    options,
  );
}

const schema: z.ZodType<FiniteDifferenceDenoisingScoreMatchingSpec> = z.strictObject({
  type: z.literal('finiteDifferenceDenoisingScoreMatching'),
  sigma: positive.max(1000).default(0.1),
  epsilon: positive.max(1000).default(0.01),
  scaling: noiseScaling,
});

/** @internal */
export const finiteDifferenceDenoisingScoreMatchingMethod: ObjectiveMethod<
  FiniteDifferenceDenoisingScoreMatchingSpec,
  typeof finiteDifferenceDenoisingScoreMatching
> = {
  create: finiteDifferenceDenoisingScoreMatching,
  schema,
  build: ({ sigma, epsilon, scaling }) => ({
    loss({ data, energy }) {
      const [count, dimensions] = data.shape;
      const z = noise('normal', data.shape);
      // Of length √D: the mean of (v·a)² is |a|².
      const v = randomDirections('sphere', count, dimensions);
      const center = tf.add(data, tf.mul(z, sigma));
      const reach = tf.mul(v, epsilon);
      const energies = energy(
        tf.concat([tf.add(center, reach), tf.sub(center, reach)]) as tf.Tensor2D,
      );
      const [ahead, behind] = tf.split(energies, 2) as [tf.Tensor, tf.Tensor];
      // v·(σs + z)
      const slope = tf.mul(tf.sub(behind, ahead), sigma / (2 * epsilon));
      const residual = tf.add(slope, tf.sum(tf.mul(v, z), 1));
      const factor = sigma ** (noiseScalingPower[scaling] - 2);
      return tf.mul(tf.mean(tf.square(residual)), factor / 2);
    },
  }),
};
