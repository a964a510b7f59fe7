import * as z from 'zod';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import { samplerMethod } from '../samplers';
import { unitsName } from '../samplers/gibbs';
import { contrastiveLoss } from './contrastive-loss';
import { type ContrastiveOptions, contrastiveFields } from './contrastive-options';
import type { ObjectiveMethod } from './objective-method';
import {
  type PersistentChainsOptions,
  persistentChains,
  persistentChainsFields,
} from './persistent-chains';

export interface PersistentContrastiveDivergenceOptions
  extends ContrastiveOptions,
    PersistentChainsOptions {}

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
  ...contrastiveFields,
  ...persistentChainsFields,
});

/** @internal */
export const persistentContrastiveDivergenceMethod: ObjectiveMethod<
  PersistentContrastiveDivergenceSpec,
  typeof persistentContrastiveDivergence
> = {
  create: persistentContrastiveDivergence,
  schema,
  domains: ['real', 'nonnegative', 'binary', 'categorical'],
  trainsLatent: true,
  persistentChains: ({ bufferSize }) => bufferSize,
  previewSampler: ({ sampler }) => sampler,
  // The buffer's own chains, as they are.
  previewChainSteps: () => 0,
  build(spec, run) {
    if (run.latentUnits !== undefined) requireDifference(spec);
    const sampler = samplerMethod(spec.sampler).build(spec.sampler);
    const chains = persistentChains(spec, run, sampler);
    return {
      ...chains.host,
      loss(context) {
        const { ends, carried } = chains.moved(context);
        const units = context.latent && carried[unitsName];
        return contrastiveLoss(context, ends, spec, units ? { units } : {});
      },
    };
  },
};

/** @throws OptionError where energies of data and of samples that are not of the same kind are compared one by one */
function requireDifference({ contrast, energyPenalty }: PersistentContrastiveDivergenceSpec): void {
  const option = contrast === 'difference' ? 'energyPenalty' : 'contrast';
  if (option === 'energyPenalty' && energyPenalty === 0) return;
  throw new OptionError(
    `objective.persistentContrastiveDivergence: '${option}' compares energies of data with those of samples, which an energy with hidden units beside its points tells in different ways: bounds of data, energies with these units of samples.`,
    'Leave it out: the difference of the means has the right gradient.',
    ['objective', option],
  );
}
