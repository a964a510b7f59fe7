import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { EnergyMethod } from './energy-method';

export interface GaussianMixtureOptions {
  /** Gaussians, 1 to 4096. Default 8. */
  readonly components?: number;
  /** Standard deviation of the random initial means around 0, above 0 to 1000. Default 1. */
  readonly spread?: number;
}

export interface GaussianMixtureSpec extends Required<GaussianMixtureOptions> {
  readonly type: 'gaussianMixture';
}

/**
 * A mixture of Gaussians with a deviation per component and axis:
 * `E(x) = -log Σ_k w_k N(x; μ_k, diag σ_k²)`, so that log Z = 0 exactly. Parameters `mean` and
 * `logDeviation` `[components, D]`, and `logit` `[components]` with w = softmax(logit).
 */
export function gaussianMixture(options?: GaussianMixtureOptions): GaussianMixtureSpec {
  return specOf(schema, 'energy.gaussianMixture', 'gaussianMixture', options);
}

const schema: z.ZodType<GaussianMixtureSpec> = z.strictObject({
  type: z.literal('gaussianMixture'),
  components: integer(1, 4096).default(8),
  spread: positive.max(1000).default(1),
});

/** @internal */
export const gaussianMixtureMethod: EnergyMethod<GaussianMixtureSpec, typeof gaussianMixture> = {
  create: gaussianMixture,
  schema,
  domains: ['real'],
  build: ({ components, spread }, dimensions) => ({
    init: (random) => ({
      mean: random.normal([components, dimensions], { deviation: spread }),
      logDeviation: tf.zeros([components, dimensions]),
      logit: tf.zeros([components]),
    }),
    energy({ mean, logDeviation, logit }, x) {
      const scaled = tf.div(tf.sub(tf.expandDims(x, 1), mean!), tf.exp(logDeviation!));
      const logNormal = tf.sub(
        tf.mul(tf.sum(tf.square(scaled), 2), -0.5),
        tf.add(tf.sum(logDeviation!, 1), (dimensions / 2) * Math.log(2 * Math.PI)),
      );
      const logWeight = tf.sub(logit!, tf.logSumExp(logit!));
      return tf.neg(tf.logSumExp(tf.add(logNormal, logWeight), 1));
    },
    logPartition: () => tf.scalar(0),
  }),
};
