import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { Domain } from '../data/domain';
import type { Model } from '../energies/model';

/** A Markov chain on `[chains, D]` points, as tfjs code inside a compiled step. @internal */
export interface Sampler {
  /** Iterations per training step. */
  readonly steps: number;
  /**
   * One iteration, with fresh noise each time it runs.
   *
   * @param x `[chains, D]` points
   * @param iteration how many came before, an int32 scalar
   * @returns the next points, same shape
   */
  step(x: tf.Tensor2D, model: Model, iteration: tf.Tensor): tf.Tensor2D;
}

/** One row of the table of samplers. @internal */
export interface SamplerMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** Data whose domain its points stay in. Default `['real']`. */
  readonly domains?: readonly Domain[];
  build(spec: Spec): Sampler;
}
