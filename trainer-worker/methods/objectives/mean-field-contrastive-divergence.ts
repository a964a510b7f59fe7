import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, stopGradient } from '../../compiler/trace/trace';
import { fraction, integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { contrastiveLoss } from './contrastive-loss';
import { type ContrastOptions, contrastFields } from './contrastive-options';
import type { ObjectiveMethod } from './objective-method';

export interface MeanFieldContrastiveDivergenceOptions extends ContrastOptions {
  /** Mean-field updates from the data, 1 to 10 000. Default 1. */
  readonly steps?: number;
  /** Share of the old mean that each update keeps, 0 to below 1. Default 0; more steadies it. */
  readonly damping?: number;
}

export interface MeanFieldContrastiveDivergenceSpec
  extends Required<MeanFieldContrastiveDivergenceOptions> {
  readonly type: 'meanFieldContrastiveDivergence';
}

/**
 * Mean-field contrastive divergence (Welling & Hinton 2002) for data of zeros and ones: in place of
 * samples, the means after a few mean-field updates from the data, `μ ← sigmoid(-dE/dx(μ))`, all
 * coordinates at once. Nothing in it is random.
 *
 * On the free energy of a restricted Boltzmann machine that is the update of the paper,
 * `μ ← sigmoid(b + W sigmoid(c + Wᵀμ))`; on any energy that is linear in each coordinate, such as
 * Ising's, `-dE/dx` is the field that the others exert.
 */
export function meanFieldContrastiveDivergence(
  options?: MeanFieldContrastiveDivergenceOptions,
): MeanFieldContrastiveDivergenceSpec {
  return specOf(
    schema,
    'objective.meanFieldContrastiveDivergence',
    'meanFieldContrastiveDivergence',
    options,
  );
}

const schema: z.ZodType<MeanFieldContrastiveDivergenceSpec> = z.strictObject({
  type: z.literal('meanFieldContrastiveDivergence'),
  ...contrastFields,
  steps: integer(1, 10_000).default(1),
  damping: fraction.lt(1).default(0),
});

/** @internal */
export const meanFieldContrastiveDivergenceMethod: ObjectiveMethod<
  MeanFieldContrastiveDivergenceSpec,
  typeof meanFieldContrastiveDivergence
> = {
  create: meanFieldContrastiveDivergence,
  schema,
  domains: ['binary'],
  build: (spec) => ({
    loss(context) {
      const [means] = loop(spec.steps, [context.data], (_iteration, [before]) => {
        const next = tf.sigmoid(context.score(before as tf.Tensor2D));
        return [
          spec.damping === 0
            ? next
            : tf.add(tf.mul(next, 1 - spec.damping), tf.mul(before!, spec.damping)),
        ];
      });
      return contrastiveLoss(context, stopGradient(means!) as tf.Tensor2D, spec);
    },
  }),
};
