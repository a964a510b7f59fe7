import * as tf from '@tensorflow/tfjs';
import type { Model } from '../energies/model';
import { loop, stopGradient } from '../graph/trace';
import type { Sampler } from './sampler-method';

/**
 * Runs chains inside a compiled step, as one loop of the program.
 *
 * @param starts `[chains, D]`
 * @param iterations a number, or an int32 scalar input that is known when the step runs
 * @param done iterations that these chains have behind them, an int32 scalar; none where absent
 * @returns where the chains end, `[chains, D]`, as constants for differentiation: the gradient of
 *   the log-likelihood has no term through the samples
 */
export function runChain(
  sampler: Sampler,
  model: Model,
  starts: tf.Tensor2D,
  iterations: number | tf.Tensor,
  done?: tf.Tensor,
): tf.Tensor2D {
  const [end] = loop(iterations, [starts], (iteration, [x]) => [
    sampler.step(x as tf.Tensor2D, model, done ? tf.add(iteration, done) : iteration),
  ]);
  return stopGradient(end!) as tf.Tensor2D;
}
