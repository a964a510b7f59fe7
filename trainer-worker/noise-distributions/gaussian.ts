import * as tf from '@tensorflow/tfjs';
import { noise } from '../graph/trace';
import type { NoiseContext, NoiseDistribution } from './noise-distribution';

/** A Gaussian with the mean and the covariance of the rows, or with their variances alone. */
export function gaussianNoise(
  { rows, bounds }: NoiseContext,
  { diagonal }: { readonly diagonal: boolean },
): NoiseDistribution {
  const dimensions = bounds.length;
  const { mean, covariance } = moments(rows, dimensions);
  if (diagonal) {
    for (let i = 0; i < covariance.length; i++) {
      if (Math.floor(i / dimensions) !== i % dimensions) covariance[i] = 0;
    }
  }
  const factor = cholesky(covariance, dimensions);
  const inverse = inverseOfLower(factor, dimensions);
  let logDeterminant = 0;
  for (let d = 0; d < dimensions; d++) logDeterminant += Math.log(factor[d * dimensions + d]!);
  const constant = -logDeterminant - (dimensions / 2) * Math.log(2 * Math.PI);
  const shape: [number, number] = [dimensions, dimensions];
  const matrix = (values: Float64Array) => tf.tensor2d(Float32Array.from(values), shape);
  const centre = () => tf.tensor1d(Float32Array.from(mean));
  return {
    sample(count) {
      const z = noise('normal', [count, dimensions]) as tf.Tensor2D;
      return tf.add(tf.matMul(z, matrix(factor), false, true), centre());
    },
    logDensity(x) {
      const z = tf.matMul(tf.sub(x, centre()) as tf.Tensor2D, matrix(inverse), false, true);
      return tf.add(tf.mul(tf.sum(tf.square(z), 1), -0.5), constant);
    },
  };
}

/** The mean, `[D]`, and the covariance, `[D, D]`, of `[n, D]` rows. */
function moments(rows: Float32Array, dimensions: number) {
  const count = rows.length / dimensions;
  const mean = new Float64Array(dimensions);
  for (const [i, value] of rows.entries()) mean[i % dimensions]! += value / count;
  const covariance = new Float64Array(dimensions * dimensions);
  const centred = new Float64Array(dimensions);
  for (let start = 0; start < rows.length; start += dimensions) {
    for (let d = 0; d < dimensions; d++) centred[d] = rows[start + d]! - mean[d]!;
    for (let i = 0; i < dimensions; i++) {
      const share = centred[i]! / count;
      for (let j = 0; j <= i; j++) covariance[i * dimensions + j]! += share * centred[j]!;
    }
  }
  for (let i = 0; i < dimensions; i++) {
    for (let j = 0; j < i; j++) covariance[j * dimensions + i] = covariance[i * dimensions + j]!;
  }
  return { mean, covariance };
}

/**
 * Smallest variance that a direction may have, as a share of the mean variance: constant columns and
 * columns that depend on each other would leave a Gaussian no density.
 */
const smallestShare = 1e-6;

/** The lower triangular L with `L Lᵀ = covariance`. */
function cholesky(covariance: Float64Array, dimensions: number): Float64Array {
  let trace = 0;
  for (let d = 0; d < dimensions; d++) trace += covariance[d * dimensions + d]!;
  const least = smallestShare * (trace > 0 ? trace / dimensions : 1);
  const factor = new Float64Array(dimensions * dimensions);
  for (let i = 0; i < dimensions; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = covariance[i * dimensions + j]!;
      for (let k = 0; k < j; k++) rest -= factor[i * dimensions + k]! * factor[j * dimensions + k]!;
      factor[i * dimensions + j] =
        i === j ? Math.sqrt(Math.max(rest, least)) : rest / factor[j * dimensions + j]!;
    }
  }
  return factor;
}

/** The inverse of a lower triangular matrix, by forward substitution. */
function inverseOfLower(lower: Float64Array, dimensions: number): Float64Array {
  const inverse = new Float64Array(dimensions * dimensions);
  for (let column = 0; column < dimensions; column++) {
    for (let row = column; row < dimensions; row++) {
      let rest = row === column ? 1 : 0;
      for (let k = column; k < row; k++) {
        rest -= lower[row * dimensions + k]! * inverse[k * dimensions + column]!;
      }
      inverse[row * dimensions + column] = rest / lower[row * dimensions + row]!;
    }
  }
  return inverse;
}
