import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise as graphNoise } from '../../compiler/trace/trace';
import { integer, notNegative, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import {
  isOne,
  lastOf,
  type OverIterations,
  overIterations,
  overIterationsField,
} from './over-iterations';
import type { MemorylessSampler, SamplerMethod } from './sampler-method';
import { betweenWalls, type ChainDomain, type DomainOption, domainField } from './walls';

export interface LangevinOptions extends DomainOption {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * ε in `x ← x + ε²/2 · score + ε · z`, in units of the data, above 0 to 1000; a list of 2 to 10 000
   * for equal shares of `steps`; or a schedule over the iterations. Default 0.1.
   *
   * It is the standard deviation of the noise of one iteration, and half its square multiplies the
   * score. (Others write `x ← x − η ∇E + √(2η) z`; then ε = √(2η).) Stable while `ε² · curvature < 4`.
   */
  readonly stepSize?: OverIterations;
  /**
   * Factor on the noise, 0 to 100; a list of 2 to 10 000 for equal shares of `steps`; or a schedule over
   * the iterations. Default 1: the chains sample `exp(-E)`. With s they sample about `exp(-E/s²)`, and
   * the temperature s² (of the last iteration) is recorded; 0 is gradient descent.
   */
  readonly noise?: OverIterations;
  /**
   * Largest size of each coordinate of `dE/dx` that a chain follows, above 0. Default `null`: no
   * limit. A limit keeps chains from jumping where a landscape is steep, at the price of a bias.
   */
  readonly clip?: number | null;
}

export interface LangevinSpec extends Required<LangevinOptions> {
  readonly type: 'langevin';
  readonly domain: Required<ChainDomain> | null;
}

/**
 * Unadjusted Langevin dynamics (Roberts & Tweedie 1996): `x ← x + ε²/2 · score + ε · z` with
 * `score = -dE/dx` and Gaussian `z`.
 *
 * Without a correction step its stationary law is not quite `exp(-E)`: on `E = θx²/2` its variance
 * is `1/(θ(1 - ε²θ/4))` instead of `1/θ`.
 */
export function langevin(options?: LangevinOptions): LangevinSpec {
  return specOf(schema, 'sampler.langevin', 'langevin', options);
}

const schema: z.ZodType<LangevinSpec> = z.strictObject({
  type: z.literal('langevin'),
  steps: integer(1, 100_000).default(20),
  stepSize: overIterationsField(positive.max(1000), 0.1),
  noise: overIterationsField(notNegative.max(100), 1),
  clip: positive.nullable().default(null),
  domain: domainField,
});

/** @internal */
export const langevinMethod: SamplerMethod<LangevinSpec, typeof langevin, MemorylessSampler> = {
  create: langevin,
  schema,
  build({ steps, stepSize, noise, clip, domain }) {
    const epsilonOf = overIterations(stepSize, steps);
    const factorOf = overIterations(noise, steps);
    const chain: MemorylessSampler = {
      steps,
      step(x, model, iteration) {
        const [epsilon, factor] = [epsilonOf(iteration), factorOf(iteration)];
        const score = model.score(x);
        const followed = clip === null ? score : tf.clipByValue(score, -clip, clip);
        const drift = typeof epsilon === 'number' ? epsilon ** 2 / 2 : halfOfSquare(epsilon);
        const moved: tf.Tensor2D = tf.add(x, tf.mul(followed, drift));
        if (factor === 0) return moved;
        const deviation =
          typeof epsilon === 'number' && typeof factor === 'number'
            ? epsilon * factor
            : tf.mul(epsilon, factor);
        return tf.add(moved, tf.mul(graphNoise('normal', x.shape), deviation));
      },
      ...(isOne(noise)
        ? {}
        : { statistics: () => ({ Temperature: tf.square(lastOf(noise, steps)) }) }),
    };
    return betweenWalls(chain, domain);
  },
};

const halfOfSquare = (value: tf.Tensor) => tf.mul(tf.square(value), 0.5);
