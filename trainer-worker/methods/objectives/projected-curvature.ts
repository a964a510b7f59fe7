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

/** The scores at some points, and how each of their coordinates changes along its own axis. */
interface AxisCurvatures {
  /** s(x), `[n, D]`. */
  readonly score: tf.Tensor2D;
  /** ∂s_d/∂x_d, `[n, D]`; their sum is the trace of ∂s/∂x. */
  readonly curvatures: tf.Tensor2D;
}

/** The most dimensions in which each axis has a pass of its own. */
const mostPasses = 8;

/**
 * The score -dE/dx and the diagonal of its slope, exactly, by D more backward passes. In few dimensions
 * they share the score; in many the points are tiled D times, so that the program stays as small as that
 * of one pass, at the price of as many scores.
 *
 * @param x points, `[n, D]`
 * @param condition `[n]`, for energies that depend on one
 */
export function axisCurvatures(
  model: Model,
  x: tf.Tensor2D,
  condition?: tf.Tensor1D,
): AxisCurvatures {
  const [count, dimensions] = x.shape;
  const score = model.score(x, condition);
  if (dimensions <= mostPasses) {
    const ofAxis = (axis: number) => {
      const column = (rows: tf.Tensor) => tf.slice(rows, [0, axis], [count, 1]);
      const along = (at: tf.Tensor) => tf.sum(column(model.score(at as tf.Tensor2D, condition)));
      return column(tf.grad(along)(x));
    };
    const columns = Array.from({ length: dimensions }, (_, axis) => ofAxis(axis));
    return { score, curvatures: tf.concat(columns, 1) as tf.Tensor2D };
  }
  const copies = <T extends tf.Tensor>(rows: T) =>
    tf.tile(rows, [dimensions, ...rows.shape.slice(1).map(() => 1)]) as T;
  const axes = tf.tile(tf.expandDims(tf.eye(dimensions), 1), [1, count, 1]);
  const { curvature } = projectedCurvature(
    model,
    copies(x),
    tf.reshape(axes, [dimensions * count, dimensions]) as tf.Tensor2D,
    condition && copies(condition),
  );
  return { score, curvatures: tf.transpose(tf.reshape(curvature, [dimensions, count])) };
}

/** |rows|², `[n]`. */
export function squaredNorm(rows: tf.Tensor2D): tf.Tensor1D {
  return tf.sum(tf.square(rows), 1);
}
