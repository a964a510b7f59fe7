import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise, stopGradient } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import {
  areInOrder,
  noiseLevels,
  noiseLevelsFields,
  wrongOrder,
} from '../noise-distributions/noise-levels';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { annealedLangevin } from '../samplers/annealed-langevin';
import { choose, type Evaluated, evaluatedAt } from '../samplers/evaluated';
import { langevinMean, logLangevinRatio, sumOfSquares } from '../samplers/langevin-proposal';
import { decide } from '../samplers/metropolis';
import { spreadUniform } from './noisy-pairs';
import type { ObjectiveMethod } from './objective-method';
import { calmingChains } from './remedy';

export interface DiffusionRecoveryLikelihoodOptions {
  /** The highest noise level, in units of the data, above `lowest` to 1000. Default 3. */
  readonly highest?: number;
  /** The lowest noise level, above 0 and below `highest`: the one that is shown. Default 0.05. */
  readonly lowest?: number;
  /**
   * Levels between and with these two, in a geometric sequence, 2 to 10 000. Default 5. Where they are
   * few, much noise is undone at each, and its chains see more of how likely far regions are; where each
   * is less than a third of the one above, chains do not reach all that a point may have been, and
   * training diverges.
   */
  readonly levels?: number;
  /** Metropolis-adjusted Langevin iterations of each recovery, 1 to 10 000. Default 30. */
  readonly steps?: number;
  /**
   * Step as a share of the noise that is to be undone, above 0 to 1: ε = `stepSize` · s with s² the
   * difference of the squares of two levels. Default 0.7.
   */
  readonly stepSize?: number;
}

export interface DiffusionRecoveryLikelihoodSpec
  extends Required<DiffusionRecoveryLikelihoodOptions> {
  readonly type: 'diffusionRecoveryLikelihood';
}

/**
 * Diffusion recovery likelihood (Gao et al. 2021, arXiv:2012.08125): at each of many noise levels the
 * energy learns to undo the noise that leads to the next. Given a point x̃ = x + s z of the higher
 * level, `p(x | x̃) ∝ exp(-E(x, σ) - |x̃ - x|²/(2s²))` is nearly of one mode and easily drawn from:
 * contrastive divergence on it with short chains from x̃ is close to maximum likelihood. Here the chains
 * accept and refuse, so that they leave that law as it is. For an energy of a noise level. Records the
 * acceptance.
 */
export function diffusionRecoveryLikelihood(
  options?: DiffusionRecoveryLikelihoodOptions,
): DiffusionRecoveryLikelihoodSpec {
  return specOf(
    schema,
    'objective.diffusionRecoveryLikelihood',
    'diffusionRecoveryLikelihood',
    options,
  );
}

const schema: z.ZodType<DiffusionRecoveryLikelihoodSpec> = z
  .strictObject({
    type: z.literal('diffusionRecoveryLikelihood'),
    ...noiseLevelsFields,
    levels: integer(2, 10_000).default(5),
    steps: integer(1, 10_000).default(30),
    stepSize: positive.max(1).default(0.7),
  })
  .refine(areInOrder, wrongOrder);

/** @internal */
export const diffusionRecoveryLikelihoodMethod: ObjectiveMethod<
  DiffusionRecoveryLikelihoodSpec,
  typeof diffusionRecoveryLikelihood
> = {
  create: diffusionRecoveryLikelihood,
  schema,
  previewSampler: ({ highest, lowest, levels }) => annealedLangevin({ highest, lowest, levels }),
  previewChainSteps: () => annealedLangevin().steps,
  build({ highest, lowest, levels, steps, stepSize }) {
    const sigmas = noiseLevels(highest, lowest, levels);
    return {
      shownNoiseLevel: lowest,
      loss({ data, energy, score, watch, report }) {
        const count = data.shape[0];
        const drawn = tf.floor(tf.mul(spreadUniform(count), levels - 1));
        // Rounding may take the last row's number to 1.
        const level = tf.cast(tf.minimum(drawn, levels - 2), 'int32') as tf.Tensor1D;
        const sigma = tf.gather(tf.tensor1d(sigmas.slice(1)), level) as tf.Tensor1D;
        const above = tf.gather(tf.tensor1d(sigmas.slice(0, -1)), level);
        const variance = tf.expandDims(tf.sub(tf.square(above), tf.square(sigma)), 1);
        const deviation = tf.sqrt(variance);
        const lower = tf.add(
          data,
          tf.mul(noise('normal', data.shape), tf.expandDims(sigma, 1)),
        ) as tf.Tensor2D;
        const kicked = tf.add(lower, tf.mul(noise('normal', data.shape), deviation));
        const higher = kicked as tf.Tensor2D;
        const epsilon = tf.mul(deviation, stepSize);
        /** p(x | x̃), which is drawn from without the bias of a step size. */
        const posterior: Model = {
          energy(x) {
            const pull = tf.div(sumOfSquares(tf.sub(higher, x)), tf.mul(variance, 2));
            return tf.add(energy(x, sigma), tf.squeeze(pull, [1])) as tf.Tensor1D;
          },
          score: (x) => tf.add(score(x, sigma), tf.div(tf.sub(higher, x), variance)) as tf.Tensor2D,
        };
        const first = evaluatedAt(posterior, higher);
        const [end, , , acceptances] = loop(
          steps,
          [first.x, first.energy, first.score, tf.zeros([count, 1])],
          (_iteration, [x, height, slope, sum]) => {
            const from: Evaluated = { x: x as tf.Tensor2D, energy: height!, score: slope! };
            const kick = tf.mul(noise('normal', data.shape), epsilon);
            const to = evaluatedAt(posterior, tf.add(langevinMean(from, epsilon), kick));
            const { accepted, acceptance } = decide(logLangevinRatio(from, to, epsilon));
            const next = choose(accepted, to, from);
            return [next.x, next.energy, next.score, tf.add(sum!, acceptance)];
          },
        );
        const recovered = stopGradient(end!) as tf.Tensor2D;
        report(
          { name: 'sampler/acceptance', label: 'Acceptance', group: 'Acceptance' },
          tf.div(tf.mean(stopGradient(acceptances!)), steps),
        );
        watch('The chains', recovered, calmingChains);
        const energies = energy(
          tf.concat([lower, recovered]) as tf.Tensor2D,
          tf.concat([sigma, sigma]) as tf.Tensor1D,
        );
        const [ofData, ofSamples] = tf.split(energies, 2).map((half) => tf.mean(half));
        report({ name: 'energy/data', label: 'Energy of data', group: 'Energy' }, ofData!);
        report({ name: 'energy/samples', label: 'Energy of samples', group: 'Energy' }, ofSamples!);
        return tf.sub(ofData!, ofSamples!);
      },
    };
  },
};
