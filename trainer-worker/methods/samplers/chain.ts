import * as tf from '@tensorflow/tfjs';
import { loop, stopGradient } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import { carrying } from './carrying';
import type { Carried, Sampler, Statistics } from './sampler-method';

/** What lies behind chains that go on. */
export interface ChainPast {
  /** Iterations that these chains have behind them, an int32 scalar; none where absent. */
  readonly done?: tf.Tensor | undefined;
  /** What is carried into the first iteration, from all or some of what chains begin anew with. */
  resume?(anew: Carried): Carried;
}

/** What a run of chains leads to. */
export interface ChainRun {
  /**
   * Where the chains end, `[chains, D]`, as constants for differentiation: the gradient of the
   * log-likelihood has no term through the samples.
   */
  readonly ends: tf.Tensor2D;
  /** What the sampler carries on from there; constants too. */
  readonly carried: Carried;
  /** What the sampler tells of the run; constants too. */
  readonly statistics: Statistics;
}

/**
 * Runs chains inside a compiled step, as one loop of the program.
 *
 * @param starts `[chains, D]`
 * @param iterations a number, or an int32 scalar input that is known when the step runs
 */
export function runChain(
  sampler: Sampler,
  model: Model,
  starts: tf.Tensor2D,
  iterations: number | tf.Tensor,
  { done, resume }: ChainPast = {},
): ChainRun {
  const inner = carrying(sampler);
  const resumed = (begun: Carried) => resume?.(begun) ?? begun;
  const begin = inner.enter?.(starts) ?? starts;
  const first = resumed(inner.init(begin, model, resumed));
  const names = Object.keys(first);
  const form = names.length === 0 ? inner.form?.(model) : undefined;
  if (form) {
    const swept = loop(iterations, [...form.enter(begin)], (_iteration, parts) => [
      ...form.sweep(parts),
    ]);
    const ends = stopGradient(form.leave(swept)) as tf.Tensor2D;
    return { ends, carried: {}, statistics: inner.statistics?.({}) ?? {} };
  }
  const byName = (values: readonly tf.Tensor[]) =>
    Object.fromEntries(names.map((name, index) => [name, values[index]!]));
  const [end, ...last] = loop(
    iterations,
    [begin, ...names.map((name) => first[name]!)],
    (iteration, [x, ...before]) => {
      const number = done ? tf.add(iteration, done) : iteration;
      const next = inner.advance(x as tf.Tensor2D, byName(before), model, number);
      return [next.x, ...names.map((name) => next.carried[name]!)];
    },
  );
  const kept = byName(last.map(stopGradient));
  return {
    ends: stopGradient(end!) as tf.Tensor2D,
    carried: kept,
    statistics: inner.statistics?.(kept) ?? {},
  };
}
