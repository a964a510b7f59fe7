import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { randomDirections } from './directions';
import type { ObjectiveMethod } from './objective-method';

export interface FiniteDifferenceSlicedScoreMatchingOptions {
  /**
   * ε, the distance to the points compared, in units of the data; above 0 to 1000. Default 0.1. The
   * bias falls as ε², while rounding of the energies grows as 1/ε².
   */
  readonly epsilon?: number;
}

export interface FiniteDifferenceSlicedScoreMatchingSpec
  extends Required<FiniteDifferenceSlicedScoreMatchingOptions> {
  readonly type: 'finiteDifferenceSlicedScoreMatching';
}

/**
 * Finite-difference sliced score matching (Pang et al. 2020): sliced score matching with differences
 * of energies at x and x ± v, v uniform on the sphere of radius ε, for both derivatives. The loss is
 * `D/ε² · mean [(E(x + v) − E(x − v))²/8 − (E(x + v) − 2E(x) + E(x − v))]`. No gradient in x at all, so
 * it suits energies that are costly to differentiate twice.
 */
export function finiteDifferenceSlicedScoreMatching(
  options?: FiniteDifferenceSlicedScoreMatchingOptions,
): FiniteDifferenceSlicedScoreMatchingSpec {
  return specOf(
    schema,
    'objective.finiteDifferenceSlicedScoreMatching',
    'finiteDifferenceSlicedScoreMatching',
    options,
  );
}

const schema: z.ZodType<FiniteDifferenceSlicedScoreMatchingSpec> = z.strictObject({
  type: z.literal('finiteDifferenceSlicedScoreMatching'),
  epsilon: positive.max(1000).default(0.1),
});

/** @internal */
export const finiteDifferenceSlicedScoreMatchingMethod: ObjectiveMethod<
  FiniteDifferenceSlicedScoreMatchingSpec,
  typeof finiteDifferenceSlicedScoreMatching
> = {
  create: finiteDifferenceSlicedScoreMatching,
  schema,
  build: ({ epsilon }) => ({
    loss({ data, energy }) {
      const [count, dimensions] = data.shape;
      // Directions of length √D, walked by ε/√D.
      const v = tf.mul(
        randomDirections('sphere', count, dimensions),
        epsilon / Math.sqrt(dimensions),
      );
      const energies = energy(tf.concat([data, tf.add(data, v), tf.sub(data, v)]) as tf.Tensor2D);
      const [at, ahead, behind] = tf.split(energies, 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const slope = tf.sub(ahead, behind);
      const bend = tf.sub(tf.sub(ahead, at), tf.sub(at, behind));
      return tf.mul(tf.mean(tf.sub(tf.div(tf.square(slope), 8), bend)), dimensions / epsilon ** 2);
    },
  }),
};
