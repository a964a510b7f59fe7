import type * as tf from '@tensorflow/tfjs';
import type { Bounds } from '../data/bounds';

/** Noise that data are told from: easy to draw, of known density. */
export interface NoiseDistribution {
  /** `[count, D]` fresh draws, inside a compiled step. */
  sample(count: number): tf.Tensor2D;
  /** Log-densities of `[n, D]` points in nats, `[n]`. */
  logDensity(x: tf.Tensor2D): tf.Tensor1D;
}

/** What noise is fitted to. */
export interface NoiseContext {
  /** `[n, D]` training rows. */
  readonly rows: Float32Array;
  /** The shown window; its length is D. */
  readonly bounds: Bounds;
}
