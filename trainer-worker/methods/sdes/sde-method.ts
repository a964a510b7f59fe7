import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';

/**
 * Noise that grows with time t, from 0 to 1: a linear stochastic differential equation
 * `dx = f(t) x dt + g(t) dw` (Song et al. 2021, arXiv:2011.13456). A point x₀ of the data has become
 * `mean(t) · x₀ + deviation(t) · z` with Gaussian z. Functions take float32 tensors of times.
 *
 * @internal
 */
export interface Sde {
  /** The factor on the data; `f` is the slope of its logarithm. */
  mean(t: tf.Tensor): tf.Tensor;
  /** The standard deviation of the noise: the noise level that an energy is given. */
  deviation(t: tf.Tensor): tf.Tensor;
  /** g(t)². */
  squaredDiffusion(t: tf.Tensor): tf.Tensor;
  /** The smallest time that is trained at and sampled down to, where the deviation is not yet zero. */
  readonly end: number;
  /** The deviation at that time. */
  readonly lowest: number;
  /** The deviation at time 1, where nothing of the data is left: samples begin there. */
  readonly highest: number;
}

/** One row of the table of stochastic differential equations. @internal */
export interface SdeMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  build(spec: Spec): Sde;
}
