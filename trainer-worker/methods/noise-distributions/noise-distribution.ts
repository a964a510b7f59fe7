import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { Bounds } from '../data/bounds';
import type { Domain } from '../data/domain';
import type { Rows } from '../data/rows';
import type { NoiseSpec } from './index';
import type { NoisePool, PoolRun } from './noise-pool';

/** Noise that data are told from: easy to draw, of known density. @internal */
export interface NoiseDistribution {
  /** `[count, D]` fresh draws, inside a compiled step. Absent where draws come from a pool alone. */
  sample?(count: number): tf.Tensor2D;
  /** Log-densities of `[n, D]` points in nats, `[n]`. Absent where a pool knows them all. */
  logDensity?(x: tf.Tensor2D): tf.Tensor1D;
  /** Whether its log-density may be infinite or NaN somewhere: it is then tried at the data, and watched. Default `false`. */
  readonly mayVanish?: boolean;
}

/** What noise is fitted to and checked against. @internal */
export interface NoiseContext {
  /** `[n, D]` training rows. */
  readonly rows: Rows;
  /** `[n]` numbers of these rows in their file, from 1, if they come from one. */
  readonly rowNumbers?: Uint32Array;
  /** The shown window; its length is D. */
  readonly bounds: Bounds;
  /** How many levels each category has, of categorical data. */
  readonly levels?: readonly number[];
  /** The run's seed, for fits that begin at random. */
  readonly seed: number;
}

/** One row of the table of noise distributions. @internal */
export interface NoiseMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** Data that it can be told from. Default `['real']`. */
  domains?(spec: Spec, ofPart: (part: NoiseSpec) => readonly Domain[]): readonly Domain[];
  /**
   * @param part builds a part of a mixture for the same rows
   * @throws OptionError where it does not fit the rows
   */
  build(
    spec: Spec,
    context: NoiseContext,
    part: (spec: NoiseSpec) => NoiseDistribution,
  ): NoiseDistribution;
  /** Its draws, where it only has so many. */
  load?(spec: Spec, run: PoolRun): Promise<NoisePool>;
}
