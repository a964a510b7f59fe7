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
    saved: saved?.get('buffer'),
  });
  const dimensions = bounds.length;
  return {
    starts: ({ inputs }) => inputs[startsName] as tf.Tensor2D,
    handBack: (context, ends) => context.handBack(endsName, ends),
    host: {
      inputs: { [startsName]: { shape: [batchSize, dimensions] } },
      feed: (step) => ({ [startsName]: buffer.draw(step, batchSize) }),
      keep: (step, outputs) => buffer.write(step, outputs[endsName] as Float32Array),
      shownChains: (_step, count) => buffer.first(count),
      state: () => [{ name: 'buffer', shape: [bufferSize, dimensions], data: buffer.contents() }],
      restore: (kept) => buffer.restore(kept.get('buffer')!),
    },
  };
}

/** Where the chains of a step start and end, among what goes into the step and comes out of it. */
const startsName = 'chain starts';
const endsName = 'chain ends';
