import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import {
  areInOrder,
  noiseLevels,
  noiseLevelsFields,
  wrongOrder,
} from '../noise-distributions/noise-levels';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { SamplerMethod } from './sampler-method';
import { noisyDomainField } from './walls';

export interface AnnealedLangevinOptions {
  /** Iterations in all, an equal share at each level, 1 to 100 000. Default 500. */
  readonly steps?: number;
  /** The noise level that the chains begin at, in units of the data, above `lowest` to 1000. Default 3. */
  readonly highest?: number;
  /** The noise level that they end at, above 0 and below `highest`. Default 0.05. */
  readonly lowest?: number;
  /** Levels between and with these two, in a geometric sequence, 2 to 10 000. Default 10. */
  readonly levels?: number;
  /**
   * Step as a share of the noise level, above 0 to 1: at level σ an iteration is Langevin dynamics with
   * ε = `stepSize` · σ. Default 0.3.
   */
  readonly stepSize?: number;
}

export interface AnnealedLangevinSpec extends Required<AnnealedLangevinOptions> {
  readonly type: 'annealedLangevin';
}

/**
 * Annealed Langevin dynamics (Song & Ermon 2019, arXiv:1907.05600), for energies of a noise level:
 * `x ← x + ε²/2 · s(x, σ) + ε · z` at one level after the other, from the highest down, with
 * ε in proportion to σ. The blur of high levels joins modes that plain Langevin dynamics cannot cross
 * between, so that each gets its weight.
 */
export function annealedLangevin(options?: AnnealedLangevinOptions): AnnealedLangevinSpec {
  return specOf(schema, 'sampler.annealedLangevin', 'annealedLangevin', options);
}

const schema: z.ZodType<AnnealedLangevinSpec> = z
  .strictObject({
    type: z.literal('annealedLangevin'),
    steps: integer(1, 100_000).default(500),
    ...noiseLevelsFields,
    stepSize: positive.max(1).default(0.3),
    domain: noisyDomainField,
  })
  .refine(areInOrder, wrongOrder);

/** @internal */
export const annealedLangevinMethod: SamplerMethod<AnnealedLangevinSpec, typeof annealedLangevin> =
  {
    create: annealedLangevin,
    schema,
    build({ steps, highest, lowest, levels, stepSize }) {
      const sigmas = noiseLevels(highest, lowest, levels);
      return {
        steps,
        step(x, model, iteration) {
          const due = tf.floor(tf.mul(tf.cast(iteration, 'float32'), levels / steps));
          // A run that goes on beyond its steps stays at the last level.
          const level = tf.cast(tf.minimum(due, levels - 1), 'int32');
          const sigma = tf.gather(tf.tensor1d([...sigmas]), level);
          const epsilon = tf.mul(sigma, stepSize);
          const score = model.score(x, tf.mul(tf.ones([x.shape[0]]), sigma) as tf.Tensor1D);
          const drift = tf.mul(score, tf.mul(tf.square(epsilon), 0.5));
          return tf.add(tf.add(x, drift), tf.mul(noise('normal', x.shape), epsilon));
        },
      };
    },
  };
