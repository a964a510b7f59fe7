import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { stopGradient } from '../graph/trace';
import { notNegative } from '../options/numbers';
import { specOf } from '../options/validate';
import { type LangevinSpec, langevinMethod } from '../samplers/langevin';
import { contrastiveLoss } from './contrastive-loss';
import { type ContrastOptions, contrastShape } from './contrastive-options';
import type { ObjectiveMethod } from './objective-method';
import {
  type PersistentChainsOptions,
  persistentChains,
  persistentChainsShape,
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
 * `H = D · mean log |x⁻(θ) - nearest other sample|` is the nearest-neighbour estimate of their
 * entropy (Kozachenko & Leonenko 1987) up to a constant.
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
  sampler: langevinMethod.schema,
  ...contrastShape,
  samplerWeight: notNegative.max(1000).default(1),
  entropyWeight: notNegative.max(1000).default(0.3),
  ...persistentChainsShape,
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
    const { samplerWeight, entropyWeight } = spec;
    const dimensions = run.bounds.length;
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
        const contrast = contrastiveLoss(context, samples, spec);
        const entropy = tf.mul(tf.mean(tf.log(nearestDistance(moving, samples))), dimensions);
        context.report(
          { name: 'entropy/samples', label: 'Entropy of samples', group: 'Entropy' },
          entropy,
        );
        chains.handBack(context, samples);
        const ofSampler = tf.mul(tf.mean(context.fixed.energy(moving)), samplerWeight);
        return tf.add(contrast, tf.sub(ofSampler, tf.mul(entropy, entropyWeight)));
      },
    };
  },
};

/**
 * Distances of `[n, D]` points to the nearest of the others, `[n]`; differentiable in `points`.
 *
 * @param fixed the same points as constants: each is moved away from where the others are
 */
function nearestDistance(points: tf.Tensor2D, fixed: tf.Tensor2D): tf.Tensor {
  const count = points.shape[0];
  const apart = tf.sub(tf.expandDims(points, 1), tf.expandDims(fixed, 0));
  const squares = tf.sum(tf.square(apart), 2);
  // No point is its own neighbour; equal points are as close as can be told apart.
  const itself = tf.mul(tf.eye(count), farthest);
  return tf.sqrt(tf.add(tf.min(tf.add(squares, itself), 1), closest));
}

/** Added to a point's squared distance to itself: farther than any other. */
const farthest = 1e30;
/** Added to squared distances, so that coinciding points have a logarithm and a slope. */
const closest = 1e-12;
