import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';

/** The trained tensors of an energy, by name. */
export interface EnergyParameters {
  readonly [name: string]: tf.Tensor;
}

/** Draws initial parameters, reproducibly: the run's seed decides them. */
export interface ParameterRandom {
  /** Independent Gaussians of mean `mean` (default 0) and standard deviation `deviation` (default 1). */
  normal(
    shape: readonly number[],
    options?: { readonly mean?: number; readonly deviation?: number },
  ): tf.Tensor;
  /** Independent uniforms between `low` (default 0) and `high` (default 1). */
  uniform(
    shape: readonly number[],
    options?: { readonly low?: number; readonly high?: number },
  ): tf.Tensor;
}

/** An energy E(x; θ) with `p(x) = exp(-E(x)) / Z`: low energy is likely. @internal */
export interface Energy {
  /** The initial parameters. */
  init(random: ParameterRandom): EnergyParameters;
  /** Energies of `[batch, D]` points, of shape `[batch]`. */
  energy(parameters: EnergyParameters, x: tf.Tensor2D): tf.Tensor;
}

/** One row of the table of energies. @internal */
export interface EnergyMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** @param dimensions D, the dimension of a data point */
  build(spec: Spec, dimensions: number): Energy;
}
