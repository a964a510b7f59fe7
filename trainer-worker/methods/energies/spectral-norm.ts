/** Bounds on how much a linear layer can stretch its input, as tfjs code that can be differentiated. */
import * as tf from '@tensorflow/tfjs';

/** Squarings of the Gram matrix: the bound is then at most `rank^(1/256)` too large, 2 % for 256 units. */
const squarings = 7;
/** Keeps the norm of a matrix of zeros, and its slope, defined. */
const smallest = 1e-30;

/**
 * A bound from above on the spectral norm of a matrix, by Gram iteration (Delattre et al. 2023,
 * arXiv:2305.16173): `σ₁(W) ≤ ‖(WᵀW)^(2^t)‖_F^(1/2^(t+1))`, which comes down to σ₁ at a rate that is
 * quadratic.
 *
 * Not power iteration, whose vector would be a state of the step beside the parameters, so that an energy
 * would no longer be a function of these alone; and which comes near σ₁ from below, so that nothing would
 * be sure. This is a function of the matrix, with the right slope, and the same wherever it is computed.
 *
 * @param matrix `[rows, columns]`
 * @returns a scalar
 */
export function spectralNormBound(matrix: tf.Tensor2D): tf.Scalar {
  const [rows, columns] = matrix.shape;
  const isTall = rows >= columns;
  let gram: tf.Tensor = tf.matMul(matrix, matrix, isTall, !isTall);
  // Scaled to norm 1 each time, with the logarithm of all that was divided by: powers leave float32.
  let logScale: tf.Tensor = tf.scalar(0);
  for (let t = 0; t < squarings; t++) {
    const norm = frobenius(gram);
    const unit = tf.div(gram, norm);
    gram = tf.matMul(unit as tf.Tensor2D, unit as tf.Tensor2D);
    logScale = tf.mul(tf.add(logScale, tf.log(norm)), 2);
  }
  const log = tf.add(tf.log(frobenius(gram)), logScale);
  return tf.exp(tf.div(log, 2 ** (squarings + 1)));
}

function frobenius(matrix: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.add(tf.sum(tf.square(matrix)), smallest));
}

/** A matrix, scaled down where its spectral norm may be above `largest`. */
export function boundedMatrix(matrix: tf.Tensor2D, largest: number): tf.Tensor2D {
  return tf.div(matrix, excess(spectralNormBound(matrix), largest));
}

/**
 * A filter `[height, width, inputs, outputs]`, scaled down where its convolution may stretch images by
 * more than `largest`. Each pixel is in height · width patches at most, so the convolution stretches by
 * `√(height · width)` times the norm of the filter as a matrix from patches (Singla & Feizi 2021,
 * arXiv:1911.10258), at any stride and with zeros around.
 */
export function boundedFilter(filter: tf.Tensor4D, largest: number): tf.Tensor4D {
  const [height, width, inputs, outputs] = filter.shape;
  const matrix = tf.reshape(filter, [height * width * inputs, outputs]) as tf.Tensor2D;
  const bound = tf.mul(spectralNormBound(matrix), Math.sqrt(height * width));
  return tf.div(filter, excess(bound, largest));
}

/** What a layer of this norm is to be divided by, 1 where it is small enough. */
function excess(norm: tf.Tensor, largest: number): tf.Tensor {
  return tf.maximum(tf.div(norm, largest), 1);
}
