import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Model } from '../energies/model';
import { noise } from '../graph/trace';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import type { SamplerMethod } from './sampler-method';

export interface GibbsWithGradientsOptions {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. Each may flip one bit. */
  readonly steps?: number;
}

export interface GibbsWithGradientsSpec extends Required<GibbsWithGradientsOptions> {
  readonly type: 'gibbsWithGradients';
}

/**
 * Gibbs with gradients for binary points (Grathwohl et al. 2021, arXiv:2102.04509): the slope of the
 * energy guesses what each flip would change, likely flips are proposed more often, in proportion to
 * `exp(-(guess)/2)`, and a Metropolis–Hastings step corrects the guess. Its stationary law is `exp(-E)`
 * exactly; in many dimensions it spends its iterations where something may change.
 */
export function gibbsWithGradients(options?: GibbsWithGradientsOptions): GibbsWithGradientsSpec {
  return specOf(schema, 'sampler.gibbsWithGradients', 'gibbsWithGradients', options);
}

const schema: z.ZodType<GibbsWithGradientsSpec> = z.strictObject({
  type: z.literal('gibbsWithGradients'),
  steps: integer(1, 100_000).default(20),
});

/** @internal */
export const gibbsWithGradientsMethod: SamplerMethod<
  GibbsWithGradientsSpec,
  typeof gibbsWithGradients
> = {
  create: gibbsWithGradients,
  schema,
  domains: ['binary'],
  build: ({ steps }) => ({
    steps,
    step(x, model) {
      const forth = logProposal(model, x);
      // The largest of log-chances with Gumbel noise is a draw from them.
      const uniform = tf.clipByValue(noise('uniform', x.shape), smallest, 1);
      const gumbel = tf.neg(tf.log(tf.add(tf.neg(tf.log(uniform)), smallest)));
      const chosen = tf.oneHot(tf.argMax(tf.add(forth, gumbel), 1), x.shape[1]);
      const flip = tf.cast(chosen, 'float32');
      const way = tf.mul(flip, tf.sub(1, tf.mul(x, 2)));
      const flipped = tf.add(x, way) as tf.Tensor2D;
      const back = logProposal(model, flipped);
      const chances = tf.sum(tf.mul(flip, tf.sub(back, forth)), 1);
      const gain = tf.add(tf.sub(model.energy(x), model.energy(flipped)), chances);
      const accepted = tf.less(noise('uniform', [x.shape[0]]), tf.exp(gain));
      return tf.add(x, tf.mul(way, tf.expandDims(tf.cast(accepted, 'float32'), 1)));
    },
  }),
};

/** log of the chance that each bit is the one to be flipped, `[n, D]`. */
function logProposal(model: Model, x: tf.Tensor2D): tf.Tensor {
  // The score times the way to the other value: how much -E would grow, to first order.
  const guesses = tf.mul(model.score(x), tf.sub(1, tf.mul(x, 2)));
  const halves = tf.mul(guesses, 0.5);
  return tf.sub(halves, tf.logSumExp(halves, 1, true));
}

/** Keeps logarithms of uniforms finite. */
const smallest = 1e-10;
