import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { Domain } from '../data/domain';
import type { SweepForm } from '../energies/energy-method';
import type { Model } from '../energies/model';

/** A Markov chain on `[chains, D]` points, as tfjs code inside a compiled step. */
export type Sampler = MemorylessSampler | CarryingSampler;

/** A sampler whose next points depend on nothing but the points. */
export interface MemorylessSampler {
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
  /** Where chains begin that are to begin at `x`, `[chains, D]`. Default: there. */
  enter?(x: tf.Tensor2D): tf.Tensor2D;
  /** Scalars that tell what a run of chains does. */
  statistics?(): Statistics;
}

/**
 * A sampler that carries more than its points from one iteration to the next: velocities, energies
 * that are already known, an adapted step size. What it carries goes on however a run of chains is cut
 * into pieces. Of that, chains that live on between training steps keep what {@link keeps} names; the
 * rest begins anew with each step, since the energy has changed.
 */
export interface CarryingSampler {
  /** Iterations per training step. */
  readonly steps: number;
  /**
   * What is carried into the first iteration at `x`, `[chains, D]`: tensors with a row for each chain,
   * and others that all chains share, whose first axis is not as long (or which have none).
   *
   * @param resume what chains that live on go on with in place of what they would begin with: for what
   *   {@link keeps} names, where the rest depends on it
   */
  init(x: tf.Tensor2D, model: Model, resume: (begun: Carried) => Carried): Carried;
  /**
   * One iteration: the next points and what is carried on, of the same shapes.
   *
   * @param iteration how many came before, an int32 scalar
   */
  advance(x: tf.Tensor2D, carried: Carried, model: Model, iteration: tf.Tensor): Advanced;
  /** Where chains begin that are to begin at `x`, `[chains, D]`. Default: there. */
  enter?(x: tf.Tensor2D): tf.Tensor2D;
  /**
   * Another form of points in which its iterations are faster, where there is one: a run of chains that
   * carries nothing goes through its iterations in it.
   */
  form?(model: Model): SweepForm | undefined;
  /** What chains that live on keep between runs; nothing where absent. */
  readonly keeps?: Kept;
  /** Names among what is carried of tensors that are points, as `x` is; none where absent. */
  readonly points?: readonly string[];
  /**
   * Names among what chains that live on keep of tensors that point somewhere, as velocities do: where a
   * chain is shown in a mirror, these are turned as well. None where absent.
   */
  readonly directions?: readonly string[];
  /** Of what the last iteration carried on, what belongs to the points as they are shown. Default: all. */
  atEnds?(carried: Carried): Carried;
  /** Scalars that tell how a run went, from what its last iteration carried on. */
  statistics?(carried: Carried): Statistics;
}

/** Of what a sampler carries, what does not depend on the energy as it was. */
export interface Kept {
  /** Names of tensors `[chains, m · D]`, each with its m. */
  readonly ofChain?: Readonly<Record<string, number>>;
  /** Names of tensors `[chains, n]` of other numbers of each chain, 0 where unknown, each with its n. */
  readonly besideChain?: Readonly<Record<string, number>>;
  /** Names of what is of all chains together, each with its length: 1 of a scalar, n of a vector `[n]`. */
  readonly ofAll?: Readonly<Record<string, number>>;
}

/** Tensors beside the points, by name. */
export type Carried = Readonly<Record<string, tf.Tensor>>;

/** What an iteration leads to. */
export interface Advanced {
  /** The next points, `[chains, D]`. */
  readonly x: tf.Tensor2D;
  /** What is carried on, of the shapes that it came with. */
  readonly carried: Carried;
}

/** Scalars by what people call them: `Acceptance`. */
export type Statistics = Readonly<Record<string, tf.Tensor>>;

/** One row of the table of samplers. @internal */
export interface SamplerMethod<Spec, Create, Kernel extends Sampler = Sampler> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** Data whose domain its points stay in. Default `['real']`. */
  readonly domains?: readonly Domain[];
  /** Which of {@link domains} it is set up for, where that is an option of it; and what to set for others. */
  suits?(spec: Spec): { readonly domains: readonly Domain[]; readonly remedy: string };
  /** Whether it goes wherever the energy draws all numbers anew by itself, beside {@link domains}. */
  sweeps?(spec: Spec): boolean;
  /** Whether its chains stand still once all its iterations are done. Default: they go on. */
  readonly ends?: boolean;
  build(spec: Spec): Kernel;
}
