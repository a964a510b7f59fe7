import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { dualAveraging } from './dual-averaging';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import { langevinMean, logLangevinRatio } from './langevin-proposal';
import { decide } from './metropolis';
import type { CarryingSampler, SamplerMethod } from './sampler-method';

export interface MetropolisAdjustedLangevinOptions {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * ε in the proposal `x + ε²/2 · score + ε · z`, in units of the data, above 0 to 1000. Default 0.2.
   * Best where about 57 % of the proposals are accepted (Roberts & Rosenthal 1998).
   */
  readonly stepSize?: number;
  /**
   * Adapts ε until this share of the proposals is accepted, by dual averaging: between 0 and 1, for
   * example 0.574. Chains of a replay buffer go on with the ε of the step before. Default `null`: ε
   * stays.
   */
  readonly targetAcceptance?: number | null;
}

export interface MetropolisAdjustedLangevinSpec
  extends Required<MetropolisAdjustedLangevinOptions> {
  readonly type: 'metropolisAdjustedLangevin';
}

/**
 * The Metropolis-adjusted Langevin algorithm, MALA (Besag 1994): a Langevin step is proposed and
 * accepted with `min(1, exp(E(x) - E(x')) q(x | x')/q(x' | x))`, so that its stationary law is
 * `exp(-E)` for every step size. A step costs one score and one energy. Records the acceptance.
 */
export function metropolisAdjustedLangevin(
  options?: MetropolisAdjustedLangevinOptions,
): MetropolisAdjustedLangevinSpec {
  return specOf(
    schema,
    'sampler.metropolisAdjustedLangevin',
    'metropolisAdjustedLangevin',
    options,
  );
}

const schema: z.ZodType<MetropolisAdjustedLangevinSpec> = z.strictObject({
  type: z.literal('metropolisAdjustedLangevin'),
  steps: integer(1, 100_000).default(20),
  stepSize: positive.max(1000).default(0.2),
  targetAcceptance: z.number().gt(0).lt(1).nullable().default(null),
});

/** @internal */
export const metropolisAdjustedLangevinMethod: SamplerMethod<
  MetropolisAdjustedLangevinSpec,
  typeof metropolisAdjustedLangevin,
  CarryingSampler
> = {
  create: metropolisAdjustedLangevin,
  schema,
  build({ steps, stepSize, targetAcceptance }) {
    const adaptation = dualAveraging(stepSize, targetAcceptance);
    return {
      steps,
      keeps: adaptation.keeps,
      init(x, model) {
        const { energy, score } = evaluatedAt(model, x);
        return { energy, score, ...adaptation.init(x.shape[0]) };
      },
      advance(x, carried, model) {
        const { energy, score, ...adapting } = carried;
        const from: Evaluated = { x, energy: energy!, score: score! };
        const epsilon = adaptation.stepSize(adapting);
        const z = noise('normal', x.shape);
        const proposal = tf.add(langevinMean(from, epsilon), tf.mul(z, epsilon)) as tf.Tensor2D;
        const to = evaluatedAt(model, proposal);
        const { accepted, acceptance } = decide(logLangevinRatio(from, to, epsilon));
        const next = choose(accepted, to, from);
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
  },
};
