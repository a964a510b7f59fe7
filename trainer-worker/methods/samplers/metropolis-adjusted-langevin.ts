import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { dualAveraging } from './dual-averaging';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import { langevinMean, logLangevinRatio } from './langevin-proposal';
import { decide } from './metropolis';
import { isOne, type OverIterations, overIterations, overIterationsField } from './over-iterations';
import type { CarryingSampler, SamplerMethod } from './sampler-method';
import { hotter, type TemperatureOption, temperatureAtLast, temperatureField } from './temperature';
import { betweenMirrors, type ChainDomain, type DomainOption, mirroredDomainField } from './walls';

export interface MetropolisAdjustedLangevinOptions extends TemperatureOption, DomainOption {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * ε in the proposal `x + ε²/2 · score + ε · z`, in units of the data, above 0 to 1000; a list of 2 to
   * 10 000 for equal shares of `steps`; or a schedule over the iterations. Default 0.2. Best where about
   * 57 % of the proposals are accepted (Roberts & Rosenthal 1998). At temperature T it is `ε · √T`.
   */
  readonly stepSize?: OverIterations;
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
  readonly domain: Required<ChainDomain> | null;
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

const schema: z.ZodType<MetropolisAdjustedLangevinSpec> = z
  .strictObject({
    type: z.literal('metropolisAdjustedLangevin'),
    steps: integer(1, 100_000).default(20),
    stepSize: overIterationsField(positive.max(1000), 0.2),
    targetAcceptance: z.number().gt(0).lt(1).nullable().default(null),
    temperature: temperatureField,
    domain: mirroredDomainField(
      'its correction would not know of the chains that lie on the walls',
    ),
  })
  .refine(
    ({ stepSize, targetAcceptance }) => targetAcceptance === null || typeof stepSize === 'number',
    {
      path: ['targetAcceptance'],
      error:
        "'targetAcceptance' adapts the step, which 'stepSize' already says for each iteration.",
      params: { remedy: 'Give stepSize as one number, or leave targetAcceptance out.' },
    },
  );

/** @internal */
export const metropolisAdjustedLangevinMethod: SamplerMethod<
  MetropolisAdjustedLangevinSpec,
  typeof metropolisAdjustedLangevin,
  CarryingSampler
> = {
  create: metropolisAdjustedLangevin,
  schema,
  build({ steps, stepSize, targetAcceptance, temperature, domain }) {
    const first = typeof stepSize === 'number' ? stepSize : 1;
    const adaptation = dualAveraging(first, targetAcceptance);
    const epsilonOf = overIterations(stepSize, steps);
    const temperatureOf = overIterations(temperature, steps);
    const chain: CarryingSampler = {
      steps,
      keeps: adaptation.keeps,
      init(x, model) {
        const { energy, score } = evaluatedAt(model, x);
        return { energy, score, ...adaptation.init(x.shape[0]) };
      },
      advance(x, carried, model, iteration) {
        const { energy, score, ...adapting } = carried;
        const from: Evaluated = { x, energy: energy!, score: score! };
        const heat = temperatureOf(iteration);
        const cold =
          typeof stepSize === 'number' ? adaptation.stepSize(adapting) : epsilonOf(iteration);
        const epsilon = hotter(cold, heat);
        const start = tempered(from, heat);
        const z = noise('normal', x.shape);
        const proposal = tf.add(langevinMean(start, epsilon), tf.mul(z, epsilon)) as tf.Tensor2D;
        const to = evaluatedAt(model, proposal);
        const ratio = logLangevinRatio(start, tempered(to, heat), epsilon);
        const { accepted, acceptance } = decide(ratio);
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
      statistics: (carried) => ({
        ...adaptation.statistics(carried),
        ...(isOne(temperature) ? {} : temperatureAtLast(temperature, steps)),
      }),
    };
    return betweenMirrors(chain, domain);
  },
};

/** What is known of points, of E/T. */
function tempered(at: Evaluated, temperature: number | tf.Scalar): Evaluated {
  if (temperature === 1) return at;
  return {
    x: at.x,
    energy: tf.div(at.energy, temperature),
    score: tf.div(at.score, temperature),
  };
}
