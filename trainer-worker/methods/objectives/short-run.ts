import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { specOf } from '../options/validate';
import { samplerMethod } from '../samplers';
import { contrastiveLoss } from './contrastive-loss';
import { type ContrastiveOptions, contrastiveFields } from './contrastive-options';
import type { ObjectiveMethod } from './objective-method';

export interface ShortRunOptions extends ContrastiveOptions {}

export interface ShortRunSpec extends Required<ShortRunOptions> {
  readonly type: 'shortRun';
}

/**
 * Maximum likelihood with short-run MCMC (Nijkamp et al. 2019, arXiv:1904.09770): in each step the
 * chains start anew, uniformly in the shown window, and run for the sampler's `steps`. The loss
 * is `mean E(data) - mean E(samples)`.
 *
 * What learns to match the data are the ends of such chains: the energy with its sampler is a
 * generator. The energy alone is no good density, and longer chains drift away from the data, so the
 * preview runs chains of exactly the trained length.
 */
export function shortRun(options: ShortRunOptions): ShortRunSpec {
  return specOf(schema, 'objective.shortRun', 'shortRun', options);
}

const schema: z.ZodType<ShortRunSpec> = z.strictObject({
  type: z.literal('shortRun'),
  ...contrastiveFields,
});

/** @internal */
export const shortRunMethod: ObjectiveMethod<ShortRunSpec, typeof shortRun> = {
  create: shortRun,
  schema,
  domains: ['real', 'nonnegative'],
  previewSampler: ({ sampler }) => sampler,
  previewChainSteps: ({ sampler }) => sampler.steps,
  build(spec, { batchSize, bounds }) {
    const sampler = samplerMethod(spec.sampler).build(spec.sampler);
    const low = bounds.map(([from]) => from);
    const width = bounds.map(([from, to]) => to - from);
    return {
      loss(context) {
        const uniform = noise('uniform', [batchSize, bounds.length]);
        const starts = tf.add(tf.mul(uniform, width), low) as tf.Tensor2D;
        return contrastiveLoss(context, context.chain(sampler, starts), spec);
      },
    };
  },
};
