import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { noiseDraws } from './noise-draws';
import { type NoiseOptions, noiseFields } from './noise-options';
import type { ObjectiveMethod } from './objective-method';

export interface NoiseContrastiveEstimationOptions extends NoiseOptions {
  /**
   * Fix log Z at 0, and let the energy learn to be normalised by itself; it needs a constant term to
   * do so. Default `false`: log Z is a parameter that is learned and shown.
   */
  readonly selfNormalized?: boolean;
}

export interface NoiseContrastiveEstimationSpec
  extends Required<NoiseContrastiveEstimationOptions> {
  readonly type: 'noiseContrastiveEstimation';
}

/**
 * Noise contrastive estimation (Gutmann & Hyvärinen 2012): logistic regression between data and noise
 * of known density q, with the log-odds `G = -E(x) - log Z - log q(x) - log ν`. The loss is
 * `-mean_data log sigmoid(G) - ν mean_noise log sigmoid(-G)`.
 *
 * No Markov chains, and log Z comes with it. It learns where noise and data overlap: noise that is
 * easily told from the data teaches little.
 */
export function noiseContrastiveEstimation(
  options?: NoiseContrastiveEstimationOptions,
): NoiseContrastiveEstimationSpec {
  return specOf(
    schema,
    'objective.noiseContrastiveEstimation',
    'noiseContrastiveEstimation',
    options,
  );
}

const schema: z.ZodType<NoiseContrastiveEstimationSpec> = z.strictObject({
  type: z.literal('noiseContrastiveEstimation'),
  ...noiseFields,
  selfNormalized: z.boolean().default(false),
});

/** @internal */
export const noiseContrastiveEstimationMethod: ObjectiveMethod<
  NoiseContrastiveEstimationSpec,
  typeof noiseContrastiveEstimation
> = {
  create: noiseContrastiveEstimation,
  schema,
  domains: ['real', 'nonnegative', 'binary', 'categorical'],
  noise: (spec) => spec,
  build(spec, run) {
    const { noiseRatio, selfNormalized } = spec;
    const noise = noiseDraws(spec, run);
    return {
      ...noise.host,
      ...(selfNormalized ? {} : { init: () => ({ [logZName]: tf.scalar(0) }) }),
      loss(context) {
        const { data, energy, own, report } = context;
        const count = data.shape[0];
        const { points, logNoise: logDensity } = noise.contrast(context);
        const logModel = tf.neg(energy(points));
        const logZ = own[logZName];
        if (logZ) report(learnedLogZ, logZ);
        const logNoise = tf.add(logDensity, Math.log(noiseRatio));
        const odds = tf.sub(logZ ? tf.sub(logModel, logZ) : logModel, logNoise);
        const [ofData, ofNoise] = tf.split(odds, [count, noiseRatio * count]);
        return tf.add(
          tf.mean(tf.softplus(tf.neg(ofData!))),
          tf.mul(tf.mean(tf.softplus(ofNoise!)), noiseRatio),
        );
      },
    };
  },
};

const logZName = 'log Z';
const learnedLogZ = { name: 'log Z', label: 'log Z, learned', group: 'log Z', unit: 'nats' };
