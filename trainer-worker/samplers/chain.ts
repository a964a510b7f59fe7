import * as tf from '@tensorflow/tfjs';
import type { Model } from '../energies/model';
import { loop, stopGradient } from '../graph/trace';
import type { Sampler, Statistics } from './sampler-method';

/** What a run of chains leads to. */
export interface ChainRun {
  /**
   * Where the chains end, `[chains, D]`, as constants for differentiation: the gradient of the
   * log-likelihood has no term through the samples.
   */
  readonly ends: tf.Tensor2D;
  /** What the sampler tells of the run; constants too. */
  readonly statistics: Statistics;
}

/**
 * Runs chains inside a compiled step, as one loop of the program.
 *
 * @param starts `[chains, D]`
 * @param iterations a number, or an int32 scalar input that is known when the step runs
 * @param done iterations that these chains have behind them, an int32 scalar; none where absent
 */
export function runChain(
  sampler: Sampler,
  model: Model,
  starts: tf.Tensor2D,
  iterations: number | tf.Tensor,
  done?: tf.Tensor,
): ChainRun {
  const number = (iteration: tf.Tensor) => (done ? tf.add(iteration, done) : iteration);
  if ('step' in sampler) {
    const [end] = loop(iterations, [starts], (iteration, [x]) => [
      sampler.step(x as tf.Tensor2D, model, number(iteration)),
    ]);
    return { ends: stopGradient(end!) as tf.Tensor2D, statistics: sampler.statistics?.() ?? {} };
  }
  const first = sampler.init(starts, model);
  const names = Object.keys(first);
  const byName = (values: readonly tf.Tensor[]) =>
    Object.fromEntries(names.map((name, index) => [name, values[index]!]));
  const [end, ...carried] = loop(
    iterations,
    [starts, ...names.map((name) => first[name]!)],
    (iteration, [x, ...before]) => {
      const next = sampler.advance(x as tf.Tensor2D, byName(before), model, number(iteration));
      return [next.x, ...names.map((name) => next.carried[name]!)];
    },
  );
  const statistics = sampler.statistics?.(byName(carried.map(stopGradient))) ?? {};
  return { ends: stopGradient(end!) as tf.Tensor2D, statistics };
}
