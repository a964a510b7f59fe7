import * as z from 'zod';
import { fraction, integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { samplerMethod } from '../samplers';
import { type ContrastiveOptions, contrastiveShape } from './contrastive-options';
import type { ObjectiveMethod } from './objective-method';
import { ReplayBuffer } from './replay-buffer';

export interface PersistentContrastiveDivergenceOptions extends ContrastiveOptions {
  /** Chains in the replay buffer, at least `batchSize`, to 10 000 000. Default 8192. */
  readonly bufferSize?: number;
  /**
   * Chance of each drawn chain to begin anew, uniformly in the shown window, 0 to 1. Default 0.05.
   * New chains find low energies that the old ones have left.
   */
  readonly reinitialize?: number;
}

export interface PersistentContrastiveDivergenceSpec
  extends Required<PersistentContrastiveDivergenceOptions> {
  readonly type: 'persistentContrastiveDivergence';
}

/**
 * Persistent contrastive divergence (Tieleman 2008) with a replay buffer (Du & Mordatch 2019): each
 * step draws `batchSize` chains from the buffer, moves them by the sampler's `steps` and writes them
 * back to the same slots.
 *
 * The loss is `mean E(data) - mean E(samples)`; its value does not say how good the model is.
 */
export function persistentContrastiveDivergence(
  options: PersistentContrastiveDivergenceOptions,
): PersistentContrastiveDivergenceSpec {
  return specOf(
    schema,
    'objective.persistentContrastiveDivergence',
    'persistentContrastiveDivergence',
    options,
  );
}

const schema: z.ZodType<PersistentContrastiveDivergenceSpec> = z.strictObject({
  type: z.literal('persistentContrastiveDivergence'),
  ...contrastiveShape,
  bufferSize: integer(1, 10_000_000).default(8192),
  reinitialize: fraction.default(0.05),
});

/** @internal */
export const persistentContrastiveDivergenceMethod: ObjectiveMethod<
  PersistentContrastiveDivergenceSpec,
  typeof persistentContrastiveDivergence
> = {
  create: persistentContrastiveDivergence,
  schema,
  persistentChains: ({ bufferSize }) => bufferSize,
  // The buffer's own chains, as they are.
  previewChainSteps: 0,
  build({ sampler, energyPenalty, bufferSize, reinitialize }, { seed, bounds, saved }) {
    const buffer = new ReplayBuffer({
      size: bufferSize,
      reinitialize,
      seed,
      bounds,
      saved: saved?.get('buffer'),
    });
    const dimensions = bounds.length;
    return {
      sampler: samplerMethod(sampler).build(sampler),
      energyPenalty,
      startChains: (step, data) => buffer.draw(step, data.length / dimensions),
      keepChains: (step, ends) => buffer.write(step, ends),
      shownChains: (_step, count) => buffer.first(count),
      state: () => [{ name: 'buffer', shape: [bufferSize, dimensions], data: buffer.contents() }],
    };
  },
};
