import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { type OverIterations, overIterations, overIterationsField } from './over-iterations';
import type { CarryingSampler, SamplerMethod } from './sampler-method';
import {
  hotter,
  type TemperatureOption,
  temperatureField,
  temperatureStatistics,
} from './temperature';
import { type ChainDomain, carryingBetweenWalls, type DomainOption, domainField } from './walls';

export interface PreconditionedLangevinOptions extends TemperatureOption, DomainOption {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * ε in `x ← x + ε²/2 · M · score + ε · √M · z`, in units of √M, above 0 to 1000; a list of 2 to 10 000
   * for equal shares of `steps`; or a schedule over the iterations. Default 0.1.
   */
  readonly stepSize?: OverIterations;
  /**
   * What M is, a positive number for each coordinate. Default `'variances'`: those of the chains'
   * starts, so that ε counts in standard deviations of each coordinate. `'scores'`: one over the root
   * mean square of the starts' scores, as RMSProp scales gradients.
   */
  readonly by?: 'variances' | 'scores';
}

export interface PreconditionedLangevinSpec extends Required<PreconditionedLangevinOptions> {
  readonly type: 'preconditionedLangevin';
  readonly domain: Required<ChainDomain> | null;
}

/**
 * Langevin dynamics with a diagonal preconditioner M, `x ← x + ε²/2 · M · score + ε · √M · z`:
 * coordinates of very different scales move alike.
 * M is measured over all chains where they start and stays what it is for the run of the chains, so
 * that their law is that of Langevin dynamics in coordinates scaled by `√M`. (Preconditioners that
 * follow the chain, as in Li et al. 2016, arXiv:1512.07666, sample another law.)
 */
export function preconditionedLangevin(
  options?: PreconditionedLangevinOptions,
): PreconditionedLangevinSpec {
  return specOf(schema, 'sampler.preconditionedLangevin', 'preconditionedLangevin', options);
}

const schema: z.ZodType<PreconditionedLangevinSpec> = z.strictObject({
  type: z.literal('preconditionedLangevin'),
  steps: integer(1, 100_000).default(20),
  stepSize: overIterationsField(positive.max(1000), 0.1),
  by: z.enum(['variances', 'scores']).default('variances'),
  temperature: temperatureField,
  domain: domainField,
});

/** Keeps M positive where a coordinate does not vary or the energy is flat. */
const smallest = 1e-8;

/** @internal */
export const preconditionedLangevinMethod: SamplerMethod<
  PreconditionedLangevinSpec,
  typeof preconditionedLangevin,
  CarryingSampler
> = {
  create: preconditionedLangevin,
  schema,
  build({ steps, stepSize, by, temperature, domain }) {
    const epsilonOf = overIterations(stepSize, steps);
    const temperatureOf = overIterations(temperature, steps);
    const chain: CarryingSampler = {
      steps,
      init(x, model) {
        const meanSquare = (values: tf.Tensor) => tf.mean(tf.square(values), 0, true);
        if (by === 'scores') {
          return { metric: tf.rsqrt(tf.add(meanSquare(model.score(x)), smallest)) };
        }
        return { metric: tf.add(meanSquare(tf.sub(x, tf.mean(x, 0, true))), smallest) };
      },
      advance(x, { metric }, model, iteration) {
        const epsilon = epsilonOf(iteration);
        const half =
          typeof epsilon === 'number' ? epsilon ** 2 / 2 : tf.mul(tf.square(epsilon), 0.5);
        const drift = tf.mul(tf.mul(metric!, half), model.score(x));
        const deviation = hotter(epsilon, temperatureOf(iteration));
        const kick = tf.mul(tf.mul(tf.sqrt(metric!), deviation), noise('normal', x.shape));
        return { x: tf.add(x, tf.add(drift, kick)) as tf.Tensor2D, carried: { metric: metric! } };
      },
      ...temperatureStatistics(temperature, steps),
    };
    return carryingBetweenWalls(chain, domain);
  },
};
