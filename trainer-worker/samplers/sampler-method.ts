import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { Random } from '../random/random';

/** A Markov chain on `[chains, D]` points. @internal */
export interface Sampler {
  /** Iterations per training step. */
  readonly steps: number;
  /**
   * One iteration.
   *
   * @param x `[chains, D]` points; not disposed
   * @param energyGradient `dE/dx` at any such points, same shape
   * @param random where the iteration's noise comes from
   * @returns the next points, same shape
   */
  step(
    x: tf.Tensor2D,
    energyGradient: (x: tf.Tensor2D) => tf.Tensor2D,
    random: Random,
  ): tf.Tensor2D;
}

/** One row of the table of samplers. @internal */
export interface SamplerMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  build(spec: Spec): Sampler;
}
