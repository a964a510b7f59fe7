import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { Random, streams } from '../../compiler/random/random';
import { specOf } from '../options/validate';
import { reverseSde } from '../samplers/reverse-sde';
import { buildSde, type SdeSpec, sdeOption } from '../sdes';
import { type AntitheticOption, antitheticFields, noisyRows, spreadUniform } from './noisy-pairs';
import type { ObjectiveMethod } from './objective-method';
import { squaredNorm } from './projected-curvature';

export interface SdeScoreMatchingOptions extends AntitheticOption {
  /** How noise grows with time. Default `sde.varianceExploding()`. */
  readonly sde?: SdeSpec;
  /**
   * λ(t), what each time counts. Default `'variance'`: the deviation squared, at which all times count
   * about alike. `'likelihood'`: g(t)², with which the loss bounds the likelihood of the samples
   * (Song et al. 2021, arXiv:2101.09258), and small times count most.
   */
  readonly weighting?: 'variance' | 'likelihood';
}

export interface SdeScoreMatchingSpec extends Required<SdeScoreMatchingOptions> {
  readonly type: 'sdeScoreMatching';
}

/**
 * Denoising score matching at all times of a stochastic differential equation (Song et al. 2021,
 * arXiv:2011.13456): each row of a batch gets a time t of its own, becomes `m x + d z`, and the loss is
 * `½ mean λ(t) |s(m x + d z, d) + z/d|²`. Samples come from the equation run backwards:
 * `sampler.reverseSde`, `predictorCorrector` or `probabilityFlow`. For an energy of a noise level,
 * which is given d.
 */
export function sdeScoreMatching(options?: SdeScoreMatchingOptions): SdeScoreMatchingSpec {
  return specOf(schema, 'objective.sdeScoreMatching', 'sdeScoreMatching', options);
}

const schema: z.ZodType<SdeScoreMatchingSpec> = z.strictObject({
  type: z.literal('sdeScoreMatching'),
  sde: sdeOption,
  weighting: z.enum(['variance', 'likelihood']).default('variance'),
  ...antitheticFields,
});

/** @internal */
export const sdeScoreMatchingMethod: ObjectiveMethod<
  SdeScoreMatchingSpec,
  typeof sdeScoreMatching
> = {
  create: sdeScoreMatching,
  schema,
  previewSampler: ({ sde }) => reverseSde({ sde }),
  previewChainSteps: () => reverseSde().steps,
  flow: ({ sde }) => sde,
  build({ sde: spec, weighting, antithetic }, { seed, bounds }) {
    const sde = buildSde(spec);
    const dimensions = bounds.length;
    return {
      shownNoiseLevel: sde.lowest,
      // Backwards in time, chains begin where nothing of the data is left.
      shownChains: (_step, count) =>
        new Random(seed, streams.previewStarts).normals(count * dimensions, sde.highest),
      loss({ data, score }) {
        const t = tf.add(tf.mul(spreadUniform(data.shape[0]), 1 - sde.end), sde.end);
        const deviation = sde.deviation(t) as tf.Tensor1D;
        const kept = tf.mul(data, tf.expandDims(sde.mean(t), 1)) as tf.Tensor2D;
        const { points, z, level } = noisyRows(kept, deviation, antithetic);
        const scaled = tf.mul(score(points, level), tf.expandDims(level, 1));
        const residual = tf.add(scaled, z) as tf.Tensor2D;
        const squares = squaredNorm(residual);
        if (weighting === 'variance') return tf.mul(tf.mean(squares), 0.5);
        const once = tf.div(sde.squaredDiffusion(t), tf.square(deviation));
        const weight = antithetic ? tf.concat([once, once]) : once;
        return tf.mul(tf.mean(tf.mul(squares, weight)), 0.5);
      },
    };
  },
};
