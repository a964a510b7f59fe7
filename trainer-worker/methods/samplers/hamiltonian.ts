import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { dualAveraging } from './dual-averaging';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import { sumOfSquares } from './langevin-proposal';
import { decide } from './metropolis';
import type { CarryingSampler, SamplerMethod } from './sampler-method';
import { betweenMirrors, type ChainDomain, type DomainOption, mirroredDomainField } from './walls';

export interface HamiltonianOptions extends DomainOption {
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
  readonly domain: Required<ChainDomain> | null;
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
  domain: mirroredDomainField('its correction would not know of the chains that lie on the walls'),
});

/** @internal */
export const hamiltonianMethod: SamplerMethod<
  HamiltonianSpec,
  typeof hamiltonian,
  CarryingSampler
> = {
  create: hamiltonian,
  schema,
  build({ steps, leapfrogSteps, stepSize, targetAcceptance, domain }) {
    const adaptation = dualAveraging(stepSize, targetAcceptance);
    const chain: CarryingSampler = {
      steps,
      keeps: adaptation.keeps,
      init(x, model) {
        const { energy, score } = evaluatedAt(model, x);
        return { energy, score, ...adaptation.init(x.shape[0]) };
      },
      advance(x, carried, model) {
        const { energy, score, ...adapting } = carried;
        const momentum = noise('normal', x.shape);
        const start: Phase = { x, energy: energy!, score: score!, momentum };
        const end = leapfrog(model, start, adaptation.stepSize(adapting), leapfrogSteps);
        // Where a trajectory has flown off to where nothing is finite, it is refused.
        const { accepted, acceptance } = decide(tf.sub(total(start), total(end)));
        const next = choose(accepted, end, start);
        return {
          x: next.x,
          carried: {
            energy: next.energy,
            score: next.score,
            ...adaptation.update(adapting, acceptance),
          },
        };
      },
      statistics: adaptation.statistics,
    };
    return betweenMirrors(chain, domain);
  },
};

/** Points, what is known there, and their momenta, `[n, D]`. */
export interface Phase extends Evaluated {
  readonly momentum: tf.Tensor;
}

/**
 * Follows Hamilton's equations by `count` leapfrog steps: reversible, volume-preserving, second order.
 * Each step goes on with the score at which the one before ended.
 */
export function leapfrog(
  model: Model,
  start: Phase,
  stepSize: number | tf.Tensor,
  count: number,
): Phase {
  const half = (momentum: tf.Tensor, score: tf.Tensor) =>
    tf.add(momentum, tf.mul(score, tf.mul(stepSize, 0.5)));
  const [x, energy, score, momentum] = loop(
    count,
    [start.x, start.energy, start.score, start.momentum],
    (_iteration, [from, , slope, before]) => {
      const between = half(before!, slope!);
      const to = evaluatedAt(model, tf.add(from!, tf.mul(between, stepSize)) as tf.Tensor2D);
      return [to.x, to.energy, to.score, half(between, to.score)];
    },
  );
  return { x: x as tf.Tensor2D, energy: energy!, score: score!, momentum: momentum! };
}

/** H, `[n, 1]`. */
export function total({ energy, momentum }: Phase): tf.Tensor {
  return tf.add(energy, tf.mul(sumOfSquares(momentum), 0.5));
}
