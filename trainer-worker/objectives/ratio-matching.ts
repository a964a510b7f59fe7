import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
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
    loss({ data, energy }) {
      const [count, dimensions] = data.shape;
      const point = tf.expandDims(data, 1);
      // x + (1 - 2x) on the diagonal: row d has bit d flipped.
      const flips = tf.add(point, tf.mul(tf.sub(1, tf.mul(point, 2)), tf.eye(dimensions)));
      const flipped = energy(tf.reshape(flips, [count * dimensions, dimensions]) as tf.Tensor2D);
      const differences = tf.sub(
        tf.expandDims(energy(data), 1),
        tf.reshape(flipped, [count, dimensions]),
      );
      return tf.mean(tf.sum(tf.square(tf.sigmoid(differences)), 1));
    },
  }),
};
