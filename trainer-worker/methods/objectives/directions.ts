import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';

/**
 * How random directions are drawn, all with `E[v vᵀ] = I`: each coordinate ±1; Gaussian; or uniform
 * on the sphere of radius √D.
 */
export type DirectionKind = 'rademacher' | 'normal' | 'sphere';

/** @internal */
export const directionKind = z.enum(['rademacher', 'normal', 'sphere']);

/** Random directions, `[count, D]`, fresh in each step, with `E[v vᵀ] = I`. */
export function randomDirections(
  kind: DirectionKind,
  count: number,
  dimensions: number,
): tf.Tensor2D {
  const shape = [count, dimensions];
  if (kind === 'rademacher') return noise('rademacher', shape) as tf.Tensor2D;
  const normal = noise('normal', shape) as tf.Tensor2D;
  if (kind === 'normal') return normal;
  const length = tf.sqrt(tf.sum(tf.square(normal), 1, true));
  return tf.mul(tf.div(normal, length), Math.sqrt(dimensions)) as tf.Tensor2D;
}
