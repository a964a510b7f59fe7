import * as tf from '@tensorflow/tfjs';
import type { Model } from '../energies/model';
import type { Sde } from '../sdes/sde-method';

/** One moment of a stochastic differential equation that is run backwards; scalars. */
export interface Moment {
  /** The factor on the data. */
  readonly mean: tf.Tensor;
  /** The deviation of the noise. */
  readonly deviation: tf.Tensor;
}

/** An iteration backwards in time, from one moment to an earlier one. */
export interface ReverseStep {
  readonly from: Moment;
  readonly to: Moment;
}

/**
 * Iteration `iteration` of `steps` equal ones from time 1 to the sde's end; the last one again and
 * again after that.
 *
 * @param iteration an int32 scalar
 */
export function reverseStep(sde: Sde, steps: number, iteration: tf.Tensor): ReverseStep {
  const length = (1 - sde.end) / steps;
  const done = tf.minimum(tf.cast(iteration, 'float32'), steps - 1);
  const moment = (count: tf.Tensor): Moment => {
    const t = tf.sub(1, tf.mul(count, length));
    return { mean: sde.mean(t), deviation: sde.deviation(t) };
  };
  return { from: moment(done), to: moment(tf.add(done, 1)) };
}

/** The score at a moment: the energy is given the deviation of the noise. */
export function scoreAt(model: Model, x: tf.Tensor2D, { deviation }: Moment): tf.Tensor2D {
  return model.score(x, tf.mul(tf.ones([x.shape[0]]), deviation) as tf.Tensor1D);
}

/** The next points, or the same once all iterations are done. */
export function unlessThrough(
  iteration: tf.Tensor,
  steps: number,
  x: tf.Tensor2D,
  next: tf.Tensor,
): tf.Tensor2D {
  return tf.where(tf.less(iteration, steps), next, x) as tf.Tensor2D;
}
