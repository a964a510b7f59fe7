import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { PlotAxis } from './plot-window';

/** The two directions in which rows vary most. */
export interface PrincipalAxes {
  readonly mean: Float64Array;
  /** Each of length 1; the number of largest magnitude is positive, so that nothing flips. */
  readonly directions: readonly [Float64Array, Float64Array];
  /** What each has of the whole variance, 0 to 1. */
  readonly shares: readonly [number, number];
}

/** Of a number in single precision. */
const rounding = 2 ** -23;

/** With more columns the work would be felt. */
export const mostPrincipalColumns = 64;

/**
 * The first two principal axes of `[count, dimensions]` rows, from their covariance (over n). None of rows that
 * do not vary.
 */
export function principalAxes(values: Float32Array, dimensions: number): PrincipalAxes | undefined {
  const count = Math.floor(values.length / dimensions);
  if (dimensions < 2 || dimensions > mostPrincipalColumns || count < 2) return undefined;
  const mean = new Float64Array(dimensions);
  for (let at = 0; at < count * dimensions; at++) mean[at % dimensions]! += values[at]!;
  for (let k = 0; k < dimensions; k++) mean[k]! /= count;
  const covariance = covarianceOf(values, mean, count);
  let whole = 0;
  for (let k = 0; k < dimensions; k++) whole += covariance[k * dimensions + k]!;
  // What single precision cannot tell from nothing is nothing; nor can what is not a number be told.
  const least = mean.reduce((sum, value) => sum + (rounding * value) ** 2, 0);
  if (!(whole > least && whole < Number.POSITIVE_INFINITY)) return undefined;
  const { realEigenvalues: variances, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(dimensions, dimensions, covariance),
    { assumeSymmetric: true },
  );
  const order = Array.from({ length: dimensions }, (_, k) => k).sort(
    (a, b) => variances[b]! - variances[a]!,
  );
  const directionOf = (k: number) =>
    facing(Float64Array.from({ length: dimensions }, (_, row) => eigenvectorMatrix.get(row, k)));
  const shareOf = (k: number) => Math.max(0, variances[k]!) / whole;
  const [first, second] = order as [number, number];
  return {
    mean,
    directions: [directionOf(first), directionOf(second)],
    shares: [shareOf(first), shareOf(second)],
  };
}

/** `[count, 2]`: rows along the two axes, from their mean. */
export function along(values: Float32Array, { mean, directions }: PrincipalAxes): Float32Array {
  const dimensions = mean.length;
  const count = Math.floor(values.length / dimensions);
  const points = new Float32Array(2 * count);
  for (let row = 0; row < count; row++) {
    for (const [axis, direction] of directions.entries()) {
      let sum = 0;
      for (let k = 0; k < dimensions; k++) {
        sum += (values[row * dimensions + k]! - mean[k]!) * direction[k]!;
      }
      points[2 * row + axis] = sum;
    }
  }
  return points;
}

/** The two axes as a plot has them: wide enough for the middle of points, with some air. */
export function principalPlotAxes(
  { shares }: PrincipalAxes,
  sets: readonly (Float32Array | undefined)[],
): readonly [PlotAxis, PlotAxis] {
  const axis = (k: 0 | 1): PlotAxis => {
    // The data's own window: samples that went astray do not press it together.
    const points = sets.find((set) => set !== undefined && set.length > 0) ?? new Float32Array(2);
    let reach = 0;
    for (let at = k; at < points.length; at += 2) {
      if (Number.isFinite(points[at])) reach = Math.max(reach, Math.abs(points[at]!));
    }
    const end = 1.15 * (reach || 1);
    const share = Math.round(100 * shares[k]);
    return { name: `Principal axis ${k + 1}, ${share} %`, low: -end, high: end, scale: 1, mean: 0 };
  };
  return [axis(0), axis(1)];
}

function covarianceOf(values: Float32Array, mean: Float64Array, count: number): Float64Array {
  const dimensions = mean.length;
  const covariance = new Float64Array(dimensions ** 2);
  const centred = new Float64Array(dimensions);
  for (let row = 0; row < count; row++) {
    for (let k = 0; k < dimensions; k++) centred[k] = values[row * dimensions + k]! - mean[k]!;
    for (let i = 0; i < dimensions; i++) {
      for (let j = i; j < dimensions; j++) {
        covariance[i * dimensions + j]! += (centred[i]! * centred[j]!) / count;
      }
    }
  }
  for (let i = 0; i < dimensions; i++) {
    for (let j = 0; j < i; j++) {
      covariance[i * dimensions + j] = covariance[j * dimensions + i]!;
    }
  }
  return covariance;
}

/** The same direction or its opposite, so that its number of largest magnitude is positive. */
function facing(direction: Float64Array): Float64Array {
  let largest = 0;
  for (const value of direction) if (Math.abs(value) > Math.abs(largest)) largest = value;
  return largest < 0 ? direction.map((value) => -value) : direction;
}
