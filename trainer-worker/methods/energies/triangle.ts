import * as tf from '@tensorflow/tfjs';

/** `[n, n]`: 1 above the diagonal, else 0. */
export function upperTriangle(n: number): tf.Tensor2D {
  const ones = Float32Array.from({ length: n * n }, (_, i) => Number(i % n > Math.floor(i / n)));
  return tf.tensor2d(ones, [n, n]);
}
