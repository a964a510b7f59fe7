import * as tf from '@tensorflow/tfjs';
import type { Model } from '../energies/model';

/** The scores at some points, and how they change along one direction at each. */
interface ProjectedCurvature {
  /** s(x), `[n, D]`. */
  readonly score: tf.Tensor2D;
  /** vᵀ (∂s/∂x) v, `[n]`: minus the curvature of the energy along v. */
  readonly curvature: tf.Tensor1D;
}

/**
 * The score -dE/dx and vᵀ (∂s/∂x) v by one more backward pass, without the Hessian itself
 * (Pearlmutter 1994).
 *
 * @param x points, `[n, D]`
 * @param v a direction at each of them, `[n, D]`
 * @param condition `[n]`, for energies that depend on one
 */
export function projectedCurvature(
  { score }: Model,
  x: tf.Tensor2D,
  v: tf.Tensor2D,
  condition?: tf.Tensor1D,
): ProjectedCurvature {
  const alongV = (at: tf.Tensor) => tf.sum(tf.mul(v, score(at as tf.Tensor2D, condition)));
  return {
    score: score(x, condition),
    curvature: tf.sum(tf.mul(v, tf.grad(alongV)(x)), 1) as tf.Tensor1D,
  };
}

/**
 * The D directions √D·e₁ … √D·e_D at each of `count` points, for points that are tiled D times:
 * `[D·count, D]`. The mean of vᵀ A v over them is the trace of A, exactly.
 */
export function axisDirections(count: number, dimensions: number): tf.Tensor2D {
  const axes = tf.mul(tf.eye(dimensions), Math.sqrt(dimensions));
  return tf.reshape(tf.tile(tf.expandDims(axes, 1), [1, count, 1]), [
    dimensions * count,
    dimensions,
  ]) as tf.Tensor2D;
}

/** |rows|², `[n]`. */
export function squaredNorm(rows: tf.Tensor2D): tf.Tensor1D {
  return tf.sum(tf.square(rows), 1);
}
