import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { ObjectiveMethod } from './objective-method';

export interface ShiftedNoiseContrastiveEstimationOptions {
  /**
   * Length of the shift v, whose direction is drawn anew for each row, in units of the data; above 0
   * to 1000. Default 0.3. As it shrinks the method becomes sliced score matching.
   */
  readonly shift?: number;
}

export interface ShiftedNoiseContrastiveEstimationSpec
  extends Required<ShiftedNoiseContrastiveEstimationOptions> {
  readonly type: 'shiftedNoiseContrastiveEstimation';
}

/**
 * Noise contrastive estimation with data shifted by v for noise, and the model shifted likewise for
 * its density, so that log Z cancels (Song & Kingma 2021, on the connection of noise contrastive
 * estimation and score matching): the loss is
 * `½ mean (log(1 + exp(E(x) - E(x - v))) + log(1 + exp(E(x) - E(x + v))))`.
 */
export function shiftedNoiseContrastiveEstimation(
  options?: ShiftedNoiseContrastiveEstimationOptions,
): ShiftedNoiseContrastiveEstimationSpec {
  return specOf(
    schema,
    'objective.shiftedNoiseContrastiveEstimation',
    'shiftedNoiseContrastiveEstimation',
    options,
  );
}

const schema: z.ZodType<ShiftedNoiseContrastiveEstimationSpec> = z.strictObject({
  type: z.literal('shiftedNoiseContrastiveEstimation'),
  shift: positive.max(1000).default(0.3),
});

/** @internal */
export const shiftedNoiseContrastiveEstimationMethod: ObjectiveMethod<
  ShiftedNoiseContrastiveEstimationSpec,
  typeof shiftedNoiseContrastiveEstimation
> = {
  create: shiftedNoiseContrastiveEstimation,
  schema,
  build: ({ shift }) => ({
    loss({ data, energy }) {
      const direction = noise('normal', data.shape);
      const v = tf.mul(tf.div(direction, tf.norm(direction, 2, 1, true)), shift);
      const [here, there, back] = tf.split(
        energy(tf.concat([data, tf.add(data, v), tf.sub(data, v)]) as tf.Tensor2D),
        3,
      );
      const odds = tf.concat([tf.sub(here!, there!), tf.sub(here!, back!)]);
      return tf.mean(tf.softplus(odds));
    },
  }),
};
