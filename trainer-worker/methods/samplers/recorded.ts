import * as tf from '@tensorflow/tfjs';
import type { Model } from '../energies/model';
import { carrying } from './carrying';
import type { Carried, CarryingSampler, Sampler } from './sampler-method';

/** Where the record lies in what a recorded sampler carries and tells. */
export const recordName = 'Record';

/**
 * A sampler that moves chains as another does and writes down where they pass: its statistics hold,
 * under {@link recordName}, what is observed after each iteration, `[draws, chains, K]`.
 *
 * @param draws iterations that are written down, the first ones
 * @param observe `[chains, K]` numbers of the points and their model
 */
export function recorded(
  sampler: Sampler,
  draws: number,
  observe: (x: tf.Tensor2D, model: Model) => tf.Tensor2D,
): CarryingSampler {
  const inner = carrying(sampler);
  return {
    steps: inner.steps,
    ...(inner.enter ? { enter: inner.enter } : {}),
    init: (x, model, resume) => ({
      ...inner.init(x, model, resume),
      // `iteration` does not begin at 0 where chains go on from earlier ones.
      [countName]: tf.scalar(0),
      [recordName]: tf.zeros([draws, ...observe(x, model).shape]),
    }),
    advance(x, carried, model, iteration) {
      const { [countName]: count, [recordName]: record, ...own } = carried;
      const next = inner.advance(x, own, model, iteration);
      const isDue = tf.reshape(tf.equal(tf.range(0, draws), count!), [draws, 1, 1]);
      const observed = tf.expandDims(observe(next.x, model), 0);
      return {
        x: next.x,
        carried: {
          ...next.carried,
          [countName]: tf.add(count!, 1),
          [recordName]: tf.where(isDue, observed, record!),
        },
      };
    },
    statistics({ [countName]: _count, [recordName]: record, ...own }: Carried) {
      return { ...inner.statistics?.(own), [recordName]: record! };
    },
  };
}

const countName = 'recorded';
