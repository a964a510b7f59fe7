import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise, stopGradient } from '../graph/trace';
import {
  areInOrder,
  noiseLevels,
  noiseLevelsShape,
  wrongOrder,
} from '../noise-distributions/noise-levels';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { annealedLangevin } from '../samplers/annealed-langevin';
import type { ObjectiveMethod } from './objective-method';

export interface DiffusionRecoveryLikelihoodOptions {
  /** The highest noise level, in units of the data, to 1000. Default 3. */
  readonly highest?: number;
  /** The lowest noise level, above 0 and below `highest`: the one that is shown. Default 0.05. */
  readonly lowest?: number;
  /** Levels between and with these two, in a geometric sequence, 2 to 10 000. Default 10. */
  readonly levels?: number;
  /** Langevin iterations of each recovery, 1 to 10 000. Default 30. */
  readonly steps?: number;
  /**
   * Step as a share of the noise that is to be undone, above 0 to 1: ε = `stepSize` · s with s² the
   * difference of the squares of two levels. Default 0.3.
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
 * contrastive divergence on it with short chains from x̃ is close to maximum likelihood. For an energy
 * of a noise level.
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
    ...noiseLevelsShape,
    steps: integer(1, 10_000).default(30),
    stepSize: positive.max(1).default(0.3),
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
        const drawn = tf.floor(tf.mul(noise('uniform', [count]), levels - 1));
        const level = tf.cast(drawn, 'int32');
        const sigma = tf.gather(tf.tensor1d(sigmas.slice(1)), level) as tf.Tensor1D;
        const above = tf.gather(tf.tensor1d(sigmas.slice(0, -1)), level);
        const variance = tf.expandDims(tf.sub(tf.square(above), tf.square(sigma)), 1);
        const deviation = tf.sqrt(variance);
        const lower = tf.add(
          data,
          tf.mul(noise('normal', data.shape), tf.expandDims(sigma, 1)),
        ) as tf.Tensor2D;
        const higher = tf.add(lower, tf.mul(noise('normal', data.shape), deviation));
        const epsilon = tf.mul(deviation, stepSize);
        const drift = tf.mul(tf.square(epsilon), 0.5);
        const [end] = loop(steps, [higher], (_iteration, [x]) => {
          const pull = tf.div(tf.sub(higher, x!), variance);
          const slope = tf.add(score(x as tf.Tensor2D, sigma), pull);
          const moved = tf.add(x!, tf.mul(slope, drift));
          return [tf.add(moved, tf.mul(noise('normal', data.shape), epsilon))];
        });
        const recovered = stopGradient(end!) as tf.Tensor2D;
        watch('The chains', recovered, 'Use a smaller stepSize or learningRate; then rerun.');
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
