import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { fraction, integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { samplerMethod } from '../samplers';
import { contrastiveLoss } from './contrastive-loss';
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
  domains: ['real', 'nonnegative', 'binary'],
  persistentChains: ({ bufferSize }) => bufferSize,
  previewSampler: ({ sampler }) => sampler,
  // The buffer's own chains, as they are.
  previewChainSteps: 0,
  build(
    { sampler: spec, energyPenalty, bufferSize, reinitialize },
    { seed, batchSize, bounds, domain, saved },
  ) {
    const buffer = new ReplayBuffer({
      size: bufferSize,
      reinitialize,
      seed,
      bounds,
      domain,
      saved: saved?.get('buffer'),
    });
    const dimensions = bounds.length;
    const sampler = samplerMethod(spec).build(spec);
    return {
      inputs: { [starts]: { shape: [batchSize, dimensions] } },
      feed: (step) => ({ [starts]: buffer.draw(step, batchSize) }),
      loss(context) {
        const chains = context.inputs[starts] as tf.Tensor2D;
        const { loss, samples } = contrastiveLoss(context, sampler, chains, energyPenalty);
        context.handBack(ends, samples);
        return loss;
      },
      keep: (step, outputs) => buffer.write(step, outputs[ends] as Float32Array),
      shownChains: (_step, count) => buffer.first(count),
      state: () => [{ name: 'buffer', shape: [bufferSize, dimensions], data: buffer.contents() }],
    };
  },
};

/** Where the chains of a step start and end, among what goes into the step and comes out of it. */
const starts = 'chain starts';
const ends = 'chain ends';
