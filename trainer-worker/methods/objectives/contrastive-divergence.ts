import * as z from 'zod';
import { specOf } from '../options/validate';
import { samplerMethod } from '../samplers';
import { contrastiveLoss } from './contrastive-loss';
import { type ContrastiveOptions, contrastiveFields } from './contrastive-options';
import type { ObjectiveMethod } from './objective-method';

export interface ContrastiveDivergenceOptions extends ContrastiveOptions {}

export interface ContrastiveDivergenceSpec extends Required<ContrastiveDivergenceOptions> {
  readonly type: 'contrastiveDivergence';
}

/**
 * Contrastive divergence, CD-k (Hinton 2002): the chains start at the data of each batch, k is the
 * sampler's `steps`.
 *
 * The loss is `mean E(data) - mean E(samples)`; its value does not say how good the model is.
 * Regions that short chains from the data never reach stay unexplored: the preview, whose chains
 * start from noise, shows them.
 */
export function contrastiveDivergence(
  options: ContrastiveDivergenceOptions,
): ContrastiveDivergenceSpec {
  return specOf(schema, 'objective.contrastiveDivergence', 'contrastiveDivergence', options);
}

const schema: z.ZodType<ContrastiveDivergenceSpec> = z.strictObject({
  type: z.literal('contrastiveDivergence'),
  ...contrastiveFields,
});

/** @internal */
export const contrastiveDivergenceMethod: ObjectiveMethod<
  ContrastiveDivergenceSpec,
  typeof contrastiveDivergence
> = {
  create: contrastiveDivergence,
  schema,
  domains: ['real', 'nonnegative', 'binary', 'categorical'],
  previewSampler: ({ sampler }) => sampler,
  build(spec) {
    const sampler = samplerMethod(spec.sampler).build(spec.sampler);
    return {
      loss: (context) => contrastiveLoss(context, context.chain(sampler, context.data), spec),
    };
  },
};
