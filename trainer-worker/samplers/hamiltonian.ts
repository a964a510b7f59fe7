import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Model } from '../energies/model';
import { loop, noise } from '../graph/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { sumOfSquares } from './metropolis-adjusted-langevin';
import type { SamplerMethod } from './sampler-method';

export interface HamiltonianOptions {
  /** Trajectories of each chain per training step, 1 to 100 000. Default 5. */
  readonly steps?: number;
  /** Leapfrog steps of each trajectory, 1 to 10 000. Default 10. */
  readonly leapfrogSteps?: number;
  /**
   * Length of a leapfrog step, in units of the data, above 0 to 1000. Default 0.1. Stable while
   * `stepSize² · curvature < 4`; best where 65 to 85 % of the trajectories are accepted.
   */
  readonly stepSize?: number;
}

export interface HamiltonianSpec extends Required<HamiltonianOptions> {
  readonly type: 'hamiltonian';
}

/**
 * Hamiltonian Monte Carlo (Duane et al. 1987; Neal 2011): each iteration draws a Gaussian momentum,
 * follows the dynamics of `H = E(x) + |p|²/2` by leapfrog steps, and accepts the end with
 * `min(1, exp(H - H'))`. Its stationary law is `exp(-E)` for every step size, and it moves far.
 */
export function hamiltonian(options?: HamiltonianOptions): HamiltonianSpec {
  return specOf(schema, 'sampler.hamiltonian', 'hamiltonian', options);
}

const schema: z.ZodType<HamiltonianSpec> = z.strictObject({
  type: z.literal('hamiltonian'),
  steps: integer(1, 100_000).default(5),
  leapfrogSteps: integer(1, 10_000).default(10),
  stepSize: positive.max(1000).default(0.1),
});

/** @internal */
export const hamiltonianMethod: SamplerMethod<HamiltonianSpec, typeof hamiltonian> = {
  create: hamiltonian,
  schema,
  build: ({ steps, leapfrogSteps, stepSize }) => ({
    steps,
    step(x, model) {
      const momentum = noise('normal', x.shape) as tf.Tensor2D;
      const end = leapfrog(model, { x, momentum }, stepSize, leapfrogSteps);
      const gain = tf.sub(total(model, { x, momentum }), total(model, end));
      // Where a trajectory has flown off to where nothing is finite, this is false.
      const accepted = tf.less(noise('uniform', [x.shape[0], 1]), tf.exp(gain));
      return tf.where(accepted, end.x, x);
    },
  }),
};

/** Points and their momenta, `[n, D]` each. */
export interface Phase {
  readonly x: tf.Tensor2D;
  readonly momentum: tf.Tensor2D;
}

/** Follows Hamilton's equations by `count` leapfrog steps: reversible, volume-preserving, second order. */
export function leapfrog(model: Model, start: Phase, stepSize: number, count: number): Phase {
  const half = (momentum: tf.Tensor, x: tf.Tensor) =>
    tf.add(momentum, tf.mul(model.score(x as tf.Tensor2D), stepSize / 2));
  const [x, momentum] = loop(count, [start.x, start.momentum], (_iteration, [from, before]) => {
    const between = half(before!, from!);
    const to = tf.add(from!, tf.mul(between, stepSize));
    return [to, half(between, to)];
  });
  return { x: x as tf.Tensor2D, momentum: momentum as tf.Tensor2D };
}

/** H, `[n, 1]`. */
export function total(model: Model, { x, momentum }: Phase): tf.Tensor {
  return tf.add(tf.expandDims(model.energy(x), 1), tf.mul(sumOfSquares(momentum), 0.5));
}
