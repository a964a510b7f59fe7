import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { blocksOf, type Rows } from '../data/rows';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { NoiseMethod } from './noise-distribution';
import { type PerAxis, perAxis, perAxisOption, requireAsMany } from './per-axis';

export interface GaussianNoiseOptions {
  /** The mean, of all columns or of each, in units of the rows that are trained on. Default `null`: the mean of the data. */
  readonly mean?: number | readonly number[] | null;
  /**
   * The standard deviation, of all columns or of each, which are then independent; above 0. Default
   * `null`: that of the data.
   */
  readonly deviation?: number | readonly number[] | null;
  /**
   * The covariance in place of `deviation`: a symmetric, positive definite matrix with a row for each
   * column of the data. Default `null`: that of the data.
   */
  readonly covariance?: readonly (readonly number[])[] | null;
  /** Whether only the variances are those of the data, where they are; columns are then independent. Default `false`. */
  readonly diagonal?: boolean;
}

export interface GaussianNoiseSpec {
  readonly type: 'gaussian';
  readonly mean: PerAxis;
  readonly deviation: PerAxis;
  readonly covariance: readonly (readonly number[])[] | null;
  readonly diagonal: boolean;
}

/** A Gaussian, of the mean and the covariance of the training rows where nothing else is said. */
export function gaussian(options?: GaussianNoiseOptions): GaussianNoiseSpec {
  return specOf(schema, where, 'gaussian', options);
}

const where = 'noise.gaussian';

const schema: z.ZodType<GaussianNoiseSpec> = z
  .strictObject({
    type: z.literal('gaussian'),
    mean: perAxisOption(z.number()),
    deviation: perAxisOption(positive),
    covariance: z.array(z.array(z.number())).min(1).nullable().default(null),
    diagonal: z.boolean().default(false),
  })
  .refine(({ covariance }) => covariance === null || isPositiveDefinite(covariance), {
    path: ['covariance'],
    error: "'covariance' is not symmetric and positive definite.",
    params: { remedy: 'Give a matrix like [[1, 0.5], [0.5, 2]], with variances on the diagonal.' },
  })
  .refine(({ covariance, deviation }) => covariance === null || deviation === null, {
    path: ['deviation'],
    error: "'deviation' and 'covariance' both say how wide it is.",
    params: { remedy: 'Leave one of them out.' },
  });

/** @internal */
export const gaussianMethod: NoiseMethod<GaussianNoiseSpec, typeof gaussian> = {
  create: gaussian,
  schema,
  build(spec, { rows, bounds }) {
    const dimensions = bounds.length;
    const fitted = moments(rows, dimensions);
    const mean = Float64Array.from(perAxis(where, 'mean', spec.mean, [...fitted.mean]));
    const isFitted = spec.deviation === null && spec.covariance === null;
    const covariance = covarianceOf(spec, fitted.covariance, dimensions);
    const factor = cholesky(covariance, dimensions, isFitted ? smallestShare : 0);
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
  },
};

/** The covariance that is asked for, `[D, D]`. */
function covarianceOf(
  { deviation, covariance, diagonal }: GaussianNoiseSpec,
  fitted: Float64Array,
  dimensions: number,
): Float64Array {
  if (covariance !== null) {
    requireAsMany(where, 'covariance', covariance.length, dimensions);
    return Float64Array.from(covariance.flat());
  }
  if (deviation === null && !diagonal) return fitted;
  const ofData = Array.from({ length: dimensions }, (_, d) => fitted[d * (dimensions + 1)]!);
  const variances =
    deviation === null
      ? ofData
      : perAxis(where, 'deviation', deviation, ofData).map((one) => one * one);
  const alone = new Float64Array(dimensions * dimensions);
  for (const [d, variance] of variances.entries()) alone[d * (dimensions + 1)] = variance;
  return alone;
}

/** The mean, `[D]`, and the covariance, `[D, D]`, of `[n, D]` rows. */
function moments(rows: Rows, dimensions: number) {
  const count = rows.length / dimensions;
  const mean = new Float64Array(dimensions);
  for (const [, block] of blocksOf(rows, dimensions)) {
    for (const [i, value] of block.entries()) mean[i % dimensions]! += value / count;
  }
  const covariance = new Float64Array(dimensions * dimensions);
  const centred = new Float64Array(dimensions);
  for (const [, block] of blocksOf(rows, dimensions)) {
    for (let start = 0; start < block.length; start += dimensions) {
      for (let d = 0; d < dimensions; d++) centred[d] = block[start + d]! - mean[d]!;
      for (let i = 0; i < dimensions; i++) {
        const share = centred[i]! / count;
        for (let j = 0; j <= i; j++) covariance[i * dimensions + j]! += share * centred[j]!;
      }
    }
  }
  for (let i = 0; i < dimensions; i++) {
    for (let j = 0; j < i; j++) covariance[j * dimensions + i] = covariance[i * dimensions + j]!;
  }
  return { mean, covariance };
}

/** Whether a matrix can be the covariance of a Gaussian that has a density. */
function isPositiveDefinite(matrix: readonly (readonly number[])[]): boolean {
  const size = matrix.length;
  const isSymmetric = matrix.every(
    (row, i) =>
      row.length === size &&
      row.every((value, j) => {
        const mirrored = matrix[j]?.[i] ?? Number.NaN;
        // Whoever computed it may have rounded both differently.
        return Math.abs(value - mirrored) <= 1e-9 * (Math.abs(value) + Math.abs(mirrored));
      }),
  );
  if (!isSymmetric) return false;
  const factor = cholesky(Float64Array.from(matrix.flat()), size, 0);
  return matrix.every((_, i) => factor[i * (size + 1)]! > 0);
}

/**
 * Smallest variance that a direction may have, as a share of the mean variance: constant columns and
 * columns that depend on each other would leave a Gaussian no density.
 */
const smallestShare = 1e-6;

/**
 * The lower triangular L with `L Lᵀ = covariance`.
 *
 * @param share see {@link smallestShare}; with 0, what is not positive definite has a factor whose
 *   diagonal is not above 0
 */
function cholesky(covariance: Float64Array, dimensions: number, share: number): Float64Array {
  let trace = 0;
  for (let d = 0; d < dimensions; d++) trace += covariance[d * dimensions + d]!;
  const least = share * (trace > 0 ? trace / dimensions : 1);
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
