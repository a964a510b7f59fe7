import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noiseDistributions } from '../noise-distributions';
import { specOf } from '../options/validate';
import { type NoiseOptions, noiseShape } from './noise-options';
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
  ...noiseShape,
});

/** @internal */
export const rankingNoiseContrastiveEstimationMethod: ObjectiveMethod<
  RankingNoiseContrastiveEstimationSpec,
  typeof rankingNoiseContrastiveEstimation
> = {
  create: rankingNoiseContrastiveEstimation,
  schema,
  build({ noise, noiseRatio }, run) {
    const distribution = noiseDistributions[noise](run);
    return {
      loss({ data, energy }) {
        const count = data.shape[0];
        const points = tf.concat([data, distribution.sample(noiseRatio * count)]) as tf.Tensor2D;
        const logRatios = tf.neg(tf.add(energy(points), distribution.logDensity(points)));
        const [ofData, ofNoise] = tf.split(logRatios, [count, noiseRatio * count]);
        const rivals = tf.reshape(ofNoise!, [count, noiseRatio]);
        const all = tf.concat([tf.expandDims(ofData!, 1), rivals], 1);
        return tf.mean(tf.sub(tf.logSumExp(all, 1), ofData!));
      },
    };
  },
};
