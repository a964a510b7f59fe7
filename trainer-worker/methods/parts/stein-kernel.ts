import * as tf from '@tensorflow/tfjs';
import type { Rows } from '../data/rows';

/** Names of kernels k(x, x') for kernel Stein discrepancies. */
export type SteinKernelName = 'gaussian' | 'inverseMultiquadric';

/**
 * A kernel of r = |x - x'|² and of its bandwidth h, with what its derivatives come to:
 * `∇_x k = -slope · (x - x')`, `∇_x' k = slope · (x - x')` and `tr ∇_x ∇_x' k = trace`.
 */
interface SteinKernel {
  evaluate(
    squared: tf.Tensor,
    bandwidth: number,
    dimensions: number,
  ): { readonly value: tf.Tensor; readonly slope: tf.Tensor; readonly trace: tf.Tensor };
}

/** Every kernel: to add one, add its row and its name above. */
export const steinKernels: Readonly<Record<SteinKernelName, SteinKernel>> = {
  /** exp(-r / (2h²)) */
  gaussian: {
    evaluate(squared, bandwidth, dimensions) {
      const precision = 1 / bandwidth ** 2;
      const value = tf.exp(tf.mul(squared, -precision / 2));
      const slope = tf.mul(value, precision);
      const trace = tf.mul(slope, tf.sub(dimensions, tf.mul(squared, precision)));
      return { value, slope, trace };
    },
  },
  /** (1 + r / h²)^(-1/2), whose tails see far modes (Gorham & Mackey 2017). */
  inverseMultiquadric: {
    evaluate(squared, bandwidth, dimensions) {
      const precision = 1 / bandwidth ** 2;
      const value = tf.rsqrt(tf.add(tf.mul(squared, precision), 1));
      const cube = tf.mul(tf.square(value), value);
      const slope = tf.mul(cube, precision);
      const fifth = tf.mul(cube, tf.square(value));
      const trace = tf.sub(
        tf.mul(slope, dimensions),
        tf.mul(tf.mul(fifth, squared), 3 * precision ** 2),
      );
      return { value, slope, trace };
    },
  },
};

/**
 * The squared kernel Stein discrepancy of points from a model with the given scores, as an unbiased
 * U-statistic over pairs (Liu, Lee & Jordan 2016; Chwialkowski, Strathmann & Gretton 2016).
 *
 * @param x points, `[n, D]`, n at least 2
 * @param scores -dE/dx there, `[n, D]`
 * @returns a scalar, at or near 0 where the points are the model's
 */
export function kernelSteinDiscrepancy(
  x: tf.Tensor2D,
  scores: tf.Tensor2D,
  kernel: SteinKernelName,
  bandwidth: number,
): tf.Tensor {
  const [count, dimensions] = x.shape;
  const apart = tf.sub(tf.expandDims(x, 1), tf.expandDims(x, 0));
  const squared = tf.sum(tf.square(apart), 2);
  const { value, slope, trace } = steinKernels[kernel].evaluate(squared, bandwidth, dimensions);
  const products = tf.matMul(scores, scores, false, true);
  // s·∇_x'k + s'·∇_x k = slope (s - s')·(x - x')
  const differences = tf.sub(tf.expandDims(scores, 1), tf.expandDims(scores, 0));
  const crossed = tf.mul(tf.sum(tf.mul(differences, apart), 2), slope);
  const all = tf.add(tf.add(tf.mul(products, value), crossed), trace);
  const pairs = tf.mul(all, tf.sub(1, tf.eye(count)));
  return tf.div(tf.sum(pairs), count * (count - 1));
}

/** Rows that a median distance is taken over: enough to know it to a percent or so. */
const medianRows = 512;

/** The median distance between `[n, D]` rows: the usual bandwidth. */
export function medianDistance(all: Rows, dimensions: number): number {
  const rows = all.subarray(0, medianRows * dimensions);
  const count = rows.length / dimensions;
  // Sorted as numbers: many times as fast as by a comparison.
  const distances = new Float64Array((count * (count - 1)) / 2);
  let pair = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let squared = 0;
      for (let d = 0; d < dimensions; d++) {
        squared += (rows[i * dimensions + d]! - rows[j * dimensions + d]!) ** 2;
      }
      distances[pair++] = Math.sqrt(squared);
    }
  }
  distances.sort();
  const median = distances[distances.length >> 1] ?? 0;
  // Where most rows are equal any width will do.
  return median > 0 ? median : 1;
}
