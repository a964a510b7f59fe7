import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import type { Model } from '../energies/model';
import { noise } from '../graph/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { SamplerMethod } from './sampler-method';

export interface MetropolisAdjustedLangevinOptions {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. */
  readonly steps?: number;
  /**
   * ε in the proposal `x + ε²/2 · score + ε · z`, in units of the data, above 0 to 1000. Default 0.2.
   * Best where about 57 % of the proposals are accepted (Roberts & Rosenthal 1998).
   */
  readonly stepSize?: number;
}

export interface MetropolisAdjustedLangevinSpec
  extends Required<MetropolisAdjustedLangevinOptions> {
  readonly type: 'metropolisAdjustedLangevin';
}

/**
 * The Metropolis-adjusted Langevin algorithm, MALA (Besag 1994): a Langevin step is proposed and
 * accepted with `min(1, exp(E(x) - E(x')) q(x | x')/q(x' | x))`, so that its stationary law is
 * `exp(-E)` for every step size. A step costs two scores and two energies.
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
});

/** @internal */
export const metropolisAdjustedLangevinMethod: SamplerMethod<
  MetropolisAdjustedLangevinSpec,
  typeof metropolisAdjustedLangevin
> = {
  create: metropolisAdjustedLangevin,
  schema,
  build: ({ steps, stepSize }) => ({
    steps,
    step(x, model) {
      const { mean, accepts } = langevinProposal(model, x, stepSize);
      const proposal = tf.add(mean, tf.mul(noise('normal', x.shape), stepSize)) as tf.Tensor2D;
      const accepted = accepts(proposal, noise('uniform', [x.shape[0], 1]));
      return tf.where(accepted, proposal, x);
    },
  }),
};

/**
 * The Gaussian proposal of a Langevin step at `[n, D]` points.
 *
 * @param stepSize ε
 */
export function langevinProposal(model: Model, x: tf.Tensor2D, stepSize: number) {
  const drift = stepSize ** 2 / 2;
  const meanAt = (at: tf.Tensor2D) => tf.add(at, tf.mul(model.score(at), drift)) as tf.Tensor2D;
  const mean = meanAt(x);
  return {
    /** `[n, D]`; the standard deviation is ε. */
    mean,
    /** `[n, 1]` booleans: whether `proposal` is accepted under `uniform` of `[n, 1]`. */
    accepts(proposal: tf.Tensor2D, uniform: tf.Tensor): tf.Tensor {
      const forth = sumOfSquares(tf.sub(proposal, mean));
      const back = sumOfSquares(tf.sub(x, meanAt(proposal)));
      const energies = tf.sub(model.energy(x), model.energy(proposal));
      const logRatio = tf.add(
        tf.expandDims(energies, 1),
        tf.div(tf.sub(forth, back), 2 * stepSize ** 2),
      );
      return tf.less(uniform, tf.exp(logRatio));
    },
  };
}

/** Sums of squares over coordinates, `[n, 1]`. */
export function sumOfSquares(values: tf.Tensor): tf.Tensor {
  return tf.sum(tf.square(values), 1, true);
}
