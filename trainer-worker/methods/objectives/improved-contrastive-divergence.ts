import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { stopGradient } from '../../compiler/trace/trace';
import { familySchema } from '../options/method-table';
import { integer, notNegative } from '../options/numbers';
import { specOf } from '../options/validate';
import { type LangevinSpec, langevinMethod } from '../samplers/langevin';
import { contrastiveLoss } from './contrastive-loss';
import { type ContrastOptions, contrastFields } from './contrastive-options';
import { neighbourEntropy } from './neighbour-entropy';
import type { ObjectiveContext, ObjectiveMethod } from './objective-method';
import {
  type PersistentChainsOptions,
  persistentChains,
  persistentChainsFields,
} from './persistent-chains';

export interface ImprovedContrastiveDivergenceOptions
  extends ContrastOptions,
    PersistentChainsOptions {
  /** What moves the chains. The loss is differentiated through the last of its steps. */
  readonly sampler: LangevinSpec;
  /** Factor on the energy of the samples as the chains' last step makes them, 0 to 1000. Default 1. */
  readonly samplerWeight?: number;
  /** Factor on the estimated entropy of the samples, 0 to 1000. Default 0.3. */
  readonly entropyWeight?: number;
  /**
   * k: the entropy is estimated by the distance of each sample to the k-th nearest of the others, 1 to
   * 100, below `batchSize`. Default 3. The gradient's variance is infinite unless `k > 2/D`, so that less
   * than 3 in one dimension or 2 in two is refused where the entropy counts.
   */
  readonly neighbour?: number;
}

export interface ImprovedContrastiveDivergenceSpec
  extends Required<ImprovedContrastiveDivergenceOptions> {
  readonly type: 'improvedContrastiveDivergence';
}

/**
 * Improved contrastive divergence (Du et al. 2021, arXiv:2012.01316): persistent chains, and the term
 * that contrastive divergence leaves out, through which the parameters move the samples themselves.
 *
 * With x⁻(θ) the samples as a function of the parameters in the chains' last step, the loss adds
 * `samplerWeight · mean E(x⁻(θ)) - entropyWeight · H`, the parameters inside E held constant, where
 * `H = D · mean log |x⁻(θ) - k-th nearest other sample|` is the nearest-neighbour estimate of their
 * entropy (Kozachenko & Leonenko 1987) up to a constant. Samples and neighbours both move with θ.
 *
 * With both weights 1 the two terms cancel where the samples are the model's; Langevin chains are so
 * only as ε tends to 0. For `E = θ|x|²/2` and data of variance s² they end at
 * `s² = v + ε²(1 - h)(θv - 1)` with `h = ε²θ/2` and `v = 1/(θ(1 - h/2))`, the variance of the chains: θ is
 * .354 at ε = .1, .362 at ε = .5 and .406 at ε = 1 for a 1/s² of .353. With the entropy's weight at 0.3
 * the terms do not cancel: .355, .386 and .522.
 */
export function improvedContrastiveDivergence(
  options: ImprovedContrastiveDivergenceOptions,
): ImprovedContrastiveDivergenceSpec {
  return specOf(
    schema,
    'objective.improvedContrastiveDivergence',
    'improvedContrastiveDivergence',
    options,
  );
}

const schema: z.ZodType<ImprovedContrastiveDivergenceSpec> = z.strictObject({
  type: z.literal('improvedContrastiveDivergence'),
  sampler: familySchema('sampler', { langevin: langevinMethod }),
  ...contrastFields,
  samplerWeight: notNegative.max(1000).default(1),
  entropyWeight: notNegative.max(1000).default(0.3),
  neighbour: integer(1, 100).default(3),
  ...persistentChainsFields,
});

/** @internal */
export const improvedContrastiveDivergenceMethod: ObjectiveMethod<
  ImprovedContrastiveDivergenceSpec,
  typeof improvedContrastiveDivergence
> = {
  create: improvedContrastiveDivergence,
  schema,
  persistentChains: ({ bufferSize }) => bufferSize,
  previewSampler: ({ sampler }) => sampler,
  // The buffer's own chains, as they are.
  previewChainSteps: () => 0,
  build(spec, run) {
    const { samplerWeight, entropyWeight, neighbour } = spec;
    requireNeighbours(spec, run);
    const sampler = langevinMethod.build(spec.sampler);
    const chains = persistentChains(spec, run, sampler);
    return {
      ...chains.host,
      loss(context) {
        const before = context.chain(
          { ...sampler, steps: sampler.steps - 1 },
          chains.starts(context),
        );
        const moving = sampler.step(before, context, tf.scalar(sampler.steps - 1, 'int32'));
        const samples = stopGradient(moving) as tf.Tensor2D;
        const contrast = contrastiveLoss(context, samples, spec, { isShared: true });
        const entropy = neighbourEntropy(moving as tf.Tensor2D, neighbour);
        context.report(
          { name: 'entropy/samples', label: 'Entropy of samples', group: 'Entropy' },
          entropy,
        );
        chains.store(context, samples);
        const ofSampler = tf.mul(tf.mean(context.fixed.energy(moving)), samplerWeight);
        return tf.add(contrast, tf.sub(ofSampler, tf.mul(entropy, entropyWeight)));
      },
    };
  },
};

/**
 * @throws ProblemError (`experiment`) where a batch has too few samples for a k-th neighbour, or the
 *   entropy's gradient has no variance
 */
function requireNeighbours(
  { neighbour, entropyWeight }: ImprovedContrastiveDivergenceSpec,
  { batchSize, bounds: { length: dimensions } }: ObjectiveContext,
): void {
  if (entropyWeight > 0 && neighbour * dimensions <= 2) {
    throw new ProblemError({
      kind: 'experiment',
      message: `objective.improvedContrastiveDivergence estimates the entropy by the ${neighbour}. nearest sample, which gives its gradient an infinite variance on data of ${dimensions} ${dimensions === 1 ? 'column' : 'columns'}.`,
      remedy: `Set neighbour to ${2 / dimensions + 1} or more, or entropyWeight to 0.`,
    });
  }
  if (neighbour < batchSize) return;
  throw new ProblemError({
    kind: 'experiment',
    message: `objective.improvedContrastiveDivergence measures distances to the ${neighbour}. nearest sample, but a batch of ${batchSize} has ${batchSize - 1} others.`,
    remedy: `Set batchSize to ${neighbour + 1} or more${batchSize > 1 ? `, or neighbour to ${batchSize - 1} or less` : ''}.`,
  });
}
