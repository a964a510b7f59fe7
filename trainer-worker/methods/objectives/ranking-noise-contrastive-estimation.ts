import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { noiseDraws } from './noise-draws';
import { type NoiseOptions, noiseFields } from './noise-options';
import type { ObjectiveMethod } from './objective-method';

export interface RankingNoiseContrastiveEstimationOptions extends NoiseOptions {}

export interface RankingNoiseContrastiveEstimationSpec
  extends Required<RankingNoiseContrastiveEstimationOptions> {
  readonly type: 'rankingNoiseContrastiveEstimation';
}

/**
 * Ranking noise contrastive estimation (Ma & Collins 2018; InfoNCE): which of a row of data and ν draws
 * of noise is the data? The loss is `-mean log softmax` over them of `-E(x) - log q(x)`, so log Z
 * cancels.
 */
export function rankingNoiseContrastiveEstimation(
  options?: RankingNoiseContrastiveEstimationOptions,
): RankingNoiseContrastiveEstimationSpec {
  return specOf(
    schema,
    'objective.rankingNoiseContrastiveEstimation',
    'rankingNoiseContrastiveEstimation',
    options,
  );
}

const schema: z.ZodType<RankingNoiseContrastiveEstimationSpec> = z.strictObject({
  type: z.literal('rankingNoiseContrastiveEstimation'),
  ...noiseFields,
});

/** @internal */
export const rankingNoiseContrastiveEstimationMethod: ObjectiveMethod<
  RankingNoiseContrastiveEstimationSpec,
  typeof rankingNoiseContrastiveEstimation
> = {
  create: rankingNoiseContrastiveEstimation,
  schema,
  domains: ['real', 'nonnegative', 'binary', 'categorical'],
  noise: (spec) => spec,
  build(spec, run) {
    const { noiseRatio } = spec;
    const noise = noiseDraws(spec, run);
    return {
      ...noise.host,
      loss(context) {
        const { data, energy } = context;
        const count = data.shape[0];
        const { points, logNoise } = noise.contrast(context);
        const logRatios = tf.neg(tf.add(energy(points), logNoise));
        const [ofData, ofNoise] = tf.split(logRatios, [count, noiseRatio * count]);
        const rivals = tf.reshape(ofNoise!, [count, noiseRatio]);
        const all = tf.concat([tf.expandDims(ofData!, 1), rivals], 1);
        return tf.mean(tf.sub(tf.logSumExp(all, 1), ofData!));
      },
    };
  },
};
