import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { ObjectiveMethod } from './objective-method';

export interface ConditionalNoiseContrastiveEstimationOptions {
  /**
   * ε, the standard deviation of the Gaussian noise around each row, in units of the data; above 0 to
   * 1000. Default 0.3. As it shrinks the method becomes score matching.
   */
  readonly sigma?: number;
  /** κ: noisy copies of each row, 1 to 1000. Default 4. */
  readonly noiseRatio?: number;
}

export interface ConditionalNoiseContrastiveEstimationSpec
  extends Required<ConditionalNoiseContrastiveEstimationOptions> {
  readonly type: 'conditionalNoiseContrastiveEstimation';
}

/**
 * Conditional noise contrastive estimation (Ceylan & Gutmann 2018): each row x is told from copies
 * `y = x + εz` of its own. The loss is `(2/κ) Σ_j mean log(1 + exp(E(x) - E(y_j)))`; the noise goes as
 * easily back as forth, so neither its density nor log Z is needed.
 */
export function conditionalNoiseContrastiveEstimation(
  options?: ConditionalNoiseContrastiveEstimationOptions,
): ConditionalNoiseContrastiveEstimationSpec {
  return specOf(
    schema,
    'objective.conditionalNoiseContrastiveEstimation',
    'conditionalNoiseContrastiveEstimation',
    options,
  );
}

const schema: z.ZodType<ConditionalNoiseContrastiveEstimationSpec> = z.strictObject({
  type: z.literal('conditionalNoiseContrastiveEstimation'),
  sigma: positive.max(1000).default(0.3),
  noiseRatio: integer(1, 1000).default(4),
});

/** @internal */
export const conditionalNoiseContrastiveEstimationMethod: ObjectiveMethod<
  ConditionalNoiseContrastiveEstimationSpec,
  typeof conditionalNoiseContrastiveEstimation
> = {
  create: conditionalNoiseContrastiveEstimation,
  schema,
  build: ({ sigma, noiseRatio }) => ({
    loss({ data, energy }) {
      const [count, dimensions] = data.shape;
      const copies = tf.add(
        tf.expandDims(data, 1),
        tf.mul(noise('normal', [count, noiseRatio, dimensions]), sigma),
      );
      const flat = tf.reshape(copies, [count * noiseRatio, dimensions]);
      const energies = energy(tf.concat([data, flat]) as tf.Tensor2D);
      const [ofData, ofCopies] = tf.split(energies, [count, noiseRatio * count]);
      const odds = tf.sub(tf.expandDims(ofData!, 1), tf.reshape(ofCopies!, [count, noiseRatio]));
      return tf.mul(tf.mean(tf.softplus(odds)), 2);
    },
  }),
};
