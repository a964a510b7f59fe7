import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Model } from '../energies/model';
import { loop, noise } from '../graph/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { dualAveraging } from './dual-averaging';
import { sumOfSquares } from './langevin-proposal';
import { decide } from './metropolis';
import type { CarryingSampler, SamplerMethod } from './sampler-method';

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
  /**
   * Adapts the step within each run of chains until this share of the trajectories is accepted, by
   * dual averaging: between 0 and 1, for example 0.8. Default `null`: it stays.
   */
  readonly targetAcceptance?: number | null;
}

export interface HamiltonianSpec extends Required<HamiltonianOptions> {
  readonly type: 'hamiltonian';
}

/**
 * Hamiltonian Monte Carlo (Duane et al. 1987; Neal 2011): each iteration draws a Gaussian momentum,
 * follows the dynamics of `H = E(x) + |p|²/2` by leapfrog steps, and accepts the end with
 * `min(1, exp(H - H'))`. Its stationary law is `exp(-E)` for every step size, and it moves far.
 * Records the acceptance.
 */
export function hamiltonian(options?: HamiltonianOptions): HamiltonianSpec {
  return specOf(schema, 'sampler.hamiltonian', 'hamiltonian', options);
}

const schema: z.ZodType<HamiltonianSpec> = z.strictObject({
  type: z.literal('hamiltonian'),
  steps: integer(1, 100_000).default(5),
  leapfrogSteps: integer(1, 10_000).default(10),
  stepSize: positive.max(1000).default(0.1),
  targetAcceptance: z.number().gt(0).lt(1).nullable().default(null),
});

/** @internal */
export const hamiltonianMethod: SamplerMethod<
  HamiltonianSpec,
  typeof hamiltonian,
  CarryingSampler
> = {
  create: hamiltonian,
  schema,
  build({ steps, leapfrogSteps, stepSize, targetAcceptance }) {
    const adaptation = dualAveraging(stepSize, targetAcceptance);
    return {
      steps,
      keeps: adaptation.keeps,
      init: adaptation.init,
      advance(x, carried, model) {
        const momentum = noise('normal', x.shape) as tf.Tensor2D;
        const start = { x, momentum };
        const end = leapfrog(model, start, adaptation.stepSize(carried), leapfrogSteps);
        // Where a trajectory has flown off to where nothing is finite, it is refused.
        const { accepted, acceptance } = decide(tf.sub(total(model, start), total(model, end)));
        return {
          x: tf.where(accepted, end.x, x),
          carried: adaptation.update(carried, acceptance),
        };
      },
      statistics: adaptation.statistics,
    };
  },
};

/** Points and their momenta, `[n, D]` each. */
export interface Phase {
  readonly x: tf.Tensor2D;
  readonly momentum: tf.Tensor2D;
}

/** Follows Hamilton's equations by `count` leapfrog steps: reversible, volume-preserving, second order. */
export function leapfrog(
  model: Model,
  start: Phase,
  stepSize: number | tf.Tensor,
  count: number,
): Phase {
  const half = (momentum: tf.Tensor, x: tf.Tensor) =>
    tf.add(momentum, tf.mul(model.score(x as tf.Tensor2D), tf.mul(stepSize, 0.5)));
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
