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
import { betweenMirrors, type ChainDomain, type DomainOption, mirroredDomainField } from './walls';

export interface UnderdampedLangevinOptions extends TemperatureOption, DomainOption {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * h, the time of one iteration, above 0 to 1000; a list of 2 to 10 000 for equal shares of `steps`; or
   * a schedule over the iterations. Default 0.1. Stable while `h² · curvature < 4`; a chain moves about h
   * times its velocity, which is about 1 in each coordinate.
   */
  readonly stepSize?: OverIterations;
  /**
   * γ, how fast velocities are forgotten: after a time of 1/γ. Above 0 to 1000. Default 1. Large: like
   * Langevin dynamics of step h; small: far, straight moves, like Hamiltonian Monte Carlo.
   */
  readonly friction?: number;
}

export interface UnderdampedLangevinSpec extends Required<UnderdampedLangevinOptions> {
  readonly type: 'underdampedLangevin';
  readonly domain: Required<ChainDomain> | null;
}

/**
 * Underdamped (kinetic) Langevin dynamics, `dx = v dt`, `dv = score dt - γ v dt + √(2γ) dW`, by the
 * splitting BAOAB (Leimkuhler & Matthews 2013): half a kick, half a drift, the exact friction and
 * noise, half a drift, half a kick. Its positions have the law `exp(-E)` up to an error of order h⁴ on
 * nearly quadratic energies, none at all on quadratic ones. One score an iteration.
 */
export function underdampedLangevin(options?: UnderdampedLangevinOptions): UnderdampedLangevinSpec {
  return specOf(schema, 'sampler.underdampedLangevin', 'underdampedLangevin', options);
}

const schema: z.ZodType<UnderdampedLangevinSpec> = z.strictObject({
  type: z.literal('underdampedLangevin'),
  steps: integer(1, 100_000).default(20),
  stepSize: overIterationsField(positive.max(1000), 0.1),
  friction: positive.max(1000).default(1),
  temperature: temperatureField,
  domain: mirroredDomainField('a point held at a wall would keep its velocity'),
});

/** @internal */
export const underdampedLangevinMethod: SamplerMethod<
  UnderdampedLangevinSpec,
  typeof underdampedLangevin,
  CarryingSampler
> = {
  create: underdampedLangevin,
  schema,
  build({ steps, stepSize, friction, temperature, domain }) {
    const timeOf = overIterations(stepSize, steps);
    const temperatureOf = overIterations(temperature, steps);
    const chain: CarryingSampler = {
      steps,
      keeps: { ofChain: { velocity: 1 } },
      directions: ['velocity'],
      // Velocities are as they are in equilibrium.
      init: (x, model) => ({
        velocity: atRest(noise('normal', x.shape), temperatureOf(tf.scalar(0, 'int32'))),
        score: model.score(x),
      }),
      advance(x, { velocity, score }, model, iteration) {
        const { half, kept, fresh } = splitting(timeOf(iteration), friction);
        const kicked = tf.add(velocity!, tf.mul(score!, half));
        const between = tf.add(x, tf.mul(kicked, half));
        const deviation = hotter(fresh, temperatureOf(iteration));
        const turned = tf.add(tf.mul(kicked, kept), tf.mul(noise('normal', x.shape), deviation));
        const to = tf.add(between, tf.mul(turned, half)) as tf.Tensor2D;
        const next = model.score(to);
        return {
          x: to,
          carried: { velocity: tf.add(turned, tf.mul(next, half)), score: next },
        };
      },
      ...temperatureStatistics(temperature, steps),
    };
    return betweenMirrors(chain, domain);
  },
};

/** Velocities of equilibrium at a temperature, of those at 1. */
function atRest(velocity: tf.Tensor, temperature: number | tf.Scalar): tf.Tensor {
  return temperature === 1 ? velocity : tf.mul(velocity, hotter(1, temperature));
}

/**
 * Half the time of an iteration; what friction leaves of a velocity in all of it, `exp(-γh)`; and the
 * deviation of the noise that makes up for the rest at temperature 1, `√(1 - exp(-2γh))`.
 */
function splitting(time: number | tf.Scalar, friction: number) {
  if (typeof time === 'number') {
    const kept = Math.exp(-friction * time);
    return { half: time / 2, kept, fresh: Math.sqrt(1 - kept ** 2) };
  }
  return {
    half: tf.mul(time, 0.5),
    kept: tf.exp(tf.mul(time, -friction)),
    fresh: tf.sqrt(tf.neg(tf.expm1(tf.mul(time, -2 * friction)))) as tf.Scalar,
  };
}
