import type * as tf from '@tensorflow/tfjs';
import { fraction, integer } from '../options/numbers';
import type { LossContext, Objective, ObjectiveContext } from './objective-method';
import { ReplayBuffer } from './replay-buffer';

/** Options of objectives whose chains live on between steps. */
export interface PersistentChainsOptions {
  /** Chains in the replay buffer, at least `batchSize`, to 10 000 000. Default 8192. */
  readonly bufferSize?: number;
  /**
   * Chance of each drawn chain to begin anew, uniformly in the shown window, 0 to 1. Default 0.05.
   * New chains find low energies that the old ones have left.
   */
  readonly reinitialize?: number;
}

/** The schemas of {@link PersistentChainsOptions}. @internal */
export const persistentChainsShape = {
  bufferSize: integer(1, 10_000_000).default(8192),
  reinitialize: fraction.default(0.05),
};

/** Chains in a replay buffer as a part of an objective. */
interface PersistentChains {
  /** `[batch, D]` points that this step's chains start from. */
  starts(context: LossContext): tf.Tensor2D;
  /** Hands `[batch, D]` ends back to the buffer. */
  handBack(context: LossContext, ends: tf.Tensor2D): void;
  /** What the objective needs on the host. */
  readonly host: Omit<Objective, 'loss'>;
}

/** Each step draws `batchSize` chains from the buffer and writes them back to the same slots. */
export function persistentChains(
  { bufferSize, reinitialize }: Required<PersistentChainsOptions>,
  { seed, batchSize, bounds, domain, saved }: ObjectiveContext,
): PersistentChains {
  const buffer = new ReplayBuffer({
    size: bufferSize,
    reinitialize,
    seed,
    bounds,
    domain,
    saved: saved?.get(bufferName),
    // Older checkpoints have none.
    savedBirths: saved?.get(birthsName),
  });
  const dimensions = bounds.length;
  return {
    starts: ({ inputs }) => inputs[startsName] as tf.Tensor2D,
    handBack(context, ends) {
      context.handBack(endsName, ends);
      for (const [name, label] of Object.entries(ageMetrics)) {
        context.report({ name, label, group: 'Age of chains' }, context.inputs[name]!);
      }
    },
    host: {
      inputs: {
        [startsName]: { shape: [batchSize, dimensions] },
        [meanAgeName]: { shape: [] },
        [oldestName]: { shape: [] },
      },
      feed(step) {
        const { mean, oldest } = buffer.ages(step);
        return {
          [startsName]: buffer.draw(step, batchSize),
          [meanAgeName]: Float32Array.of(mean),
          [oldestName]: Float32Array.of(oldest),
        };
      },
      keep: (step, outputs) => buffer.write(step, outputs[endsName] as Float32Array),
      shownChains: (_step, count) => buffer.first(count),
      state: () => [
        { name: bufferName, shape: [bufferSize, dimensions], data: buffer.contents() },
        { name: birthsName, shape: [bufferSize], data: buffer.births() },
      ],
      restore: (kept) => buffer.restore(kept.get(bufferName)!, kept.get(birthsName)),
    },
  };
}

/** What a checkpoint holds of the buffer: the chains, and in which step each of them began. */
const bufferName = 'buffer';
const birthsName = 'buffer births';

/** Metrics, and inputs of the step: the host knows how long chains have been in the buffer. */
const meanAgeName = 'buffer/mean age';
const oldestName = 'buffer/oldest';
const ageMetrics = {
  [meanAgeName]: 'Mean steps since chains began',
  [oldestName]: 'Steps since the oldest chain began',
};

/** Where the chains of a step start and end, among what goes into the step and comes out of it. */
const startsName = 'chain starts';
const endsName = 'chain ends';
