import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import type { CarryingSampler, SamplerMethod } from './sampler-method';

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
  typeof gibbsWithGradients,
  CarryingSampler
> = {
  create: gibbsWithGradients,
  schema,
  domains: ['binary'],
  build: ({ steps }) => ({
    steps,
    init(x, model) {
      const { energy, score } = evaluatedAt(model, x);
      return { energy, score };
    },
    advance(x, { energy, score }, model) {
      const from: Evaluated = { x, energy: energy!, score: score! };
      const forth = logProposal(from);
      // The largest of log-chances with Gumbel noise is a draw from them.
      const uniform = tf.clipByValue(noise('uniform', x.shape), smallest, 1);
      const gumbel = tf.neg(tf.log(tf.add(tf.neg(tf.log(uniform)), smallest)));
      const chosen = tf.oneHot(tf.argMax(tf.add(forth, gumbel), 1), x.shape[1]);
      const flip = tf.cast(chosen, 'float32');
      const way = tf.mul(flip, tf.sub(1, tf.mul(x, 2)));
      const flipped = tf.add(x, way) as tf.Tensor2D;
      const to = evaluatedAt(model, flipped);
      const chances = tf.sum(tf.mul(flip, tf.sub(logProposal(to), forth)), 1, true);
      const gain = tf.add(tf.sub(from.energy, to.energy), chances);
      const accepted = tf.less(noise('uniform', [x.shape[0], 1]), tf.exp(gain));
      const next = choose(accepted, to, from);
      return { x: next.x, carried: { energy: next.energy, score: next.score } };
    },
  }),
};

/** log of the chance that each bit is the one to be flipped, `[n, D]`. */
function logProposal({ x, score }: Evaluated): tf.Tensor {
  // The score times the way to the other value: how much -E would grow, to first order.
  const guesses = tf.mul(score, tf.sub(1, tf.mul(x, 2)));
  const halves = tf.mul(guesses, 0.5);
  return tf.sub(halves, tf.logSumExp(halves, 1, true));
}

/** Keeps logarithms of uniforms finite. */
const smallest = 1e-10;
