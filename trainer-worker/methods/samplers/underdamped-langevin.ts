import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { CarryingSampler, SamplerMethod } from './sampler-method';

export interface UnderdampedLangevinOptions {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * h, the time of one iteration, above 0 to 1000. Default 0.1. Stable while `h² · curvature < 4`; a
   * chain moves about h times its velocity, which is about 1 in each coordinate.
   */
  readonly stepSize?: number;
  /**
   * γ, how fast velocities are forgotten: after a time of 1/γ. Above 0 to 1000. Default 1. Large: like
   * Langevin dynamics of step h; small: far, straight moves, like Hamiltonian Monte Carlo.
   */
  readonly friction?: number;
}

export interface UnderdampedLangevinSpec extends Required<UnderdampedLangevinOptions> {
  readonly type: 'underdampedLangevin';
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
  stepSize: positive.max(1000).default(0.1),
  friction: positive.max(1000).default(1),
});

/** @internal */
export const underdampedLangevinMethod: SamplerMethod<
  UnderdampedLangevinSpec,
  typeof underdampedLangevin,
  CarryingSampler
> = {
  create: underdampedLangevin,
  schema,
  build({ steps, stepSize, friction }) {
    const kept = Math.exp(-friction * stepSize);
    const fresh = Math.sqrt(1 - kept ** 2);
    const half = stepSize / 2;
    return {
      steps,
      keeps: { ofChain: { velocity: 1 } },
      // Velocities are as they are in equilibrium.
      init: (x, model) => ({ velocity: noise('normal', x.shape), score: model.score(x) }),
      advance(x, { velocity, score }, model) {
        const kicked = tf.add(velocity!, tf.mul(score!, half));
        const between = tf.add(x, tf.mul(kicked, half));
        const turned = tf.add(tf.mul(kicked, kept), tf.mul(noise('normal', x.shape), fresh));
        const to = tf.add(between, tf.mul(turned, half)) as tf.Tensor2D;
        const next = model.score(to);
        return {
          x: to,
          carried: { velocity: tf.add(turned, tf.mul(next, half)), score: next },
        };
      },
    };
  },
};
