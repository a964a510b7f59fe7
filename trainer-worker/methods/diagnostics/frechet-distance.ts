import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { KnownEstimate } from './estimate';
import { jackknifed } from './grouped-jackknife';

/** Mean and covariance of points. */
interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Matrix;
}

/**
 * The squared Fréchet distance of the Gaussians that have the moments of two sets (Dowson & Landau 1982),
 * `|μ - ν|² + tr(S + T - 2 (S T)^½)`, covariances over n - 1. Too large on average, the more so the fewer
 * points there are: as much as its floor is. Its error is the jackknife's.
 *
 * @param first `[n, D]`, n at least 3
 * @param second `[m, D]`, m at least 3
 */
export function frechetDistance(
  first: Float32Array,
  second: Float32Array,
  dimensions: number,
): KnownEstimate {
  const sizes = [first.length / dimensions, second.length / dimensions] as const;
  const roots = new Map<Gaussian, Matrix>();
  const [whole, other] = [first, second].map((points, set) => {
    const gaussian = gaussianOf(points, dimensions, sizes[set]!);
    roots.set(gaussian, squareRoot(gaussian.covariance));
    return gaussian;
  }) as [Gaussian, Gaussian];
  const of = (all: Gaussian, points: Float32Array, size: number, kept: Uint32Array) =>
    kept.length === size ? all : gaussianOf(points, dimensions, size, kept);
  const [estimate] = jackknifed(sizes, (ofFirst, ofSecond) => {
    const s = of(whole, first, sizes[0], ofFirst);
    const t = of(other, second, sizes[1], ofSecond);
    // One of the two is whole, and its root is known.
    const root = roots.get(s);
    return [
      root === undefined ? squaredDistance(t, roots.get(t)!, s) : squaredDistance(s, root, t),
    ];
  });
  return estimate!;
}

/** Moments of points, or of those that are kept. */
function gaussianOf(
  points: Float32Array,
  dimensions: number,
  size: number,
  kept: Uint32Array = Uint32Array.from({ length: size }, (_, i) => i),
): Gaussian {
  const mean = new Float64Array(dimensions);
  for (const i of kept) {
    for (let d = 0; d < dimensions; d++) mean[d]! += points[i * dimensions + d]! / kept.length;
  }
  const sums = Array.from({ length: dimensions }, () => new Float64Array(dimensions));
  const apart = new Float64Array(dimensions);
  for (const i of kept) {
    for (let d = 0; d < dimensions; d++) apart[d] = points[i * dimensions + d]! - mean[d]!;
    for (let d = 0; d < dimensions; d++) {
      const [row, value] = [sums[d]!, apart[d]!];
      for (let e = 0; e <= d; e++) row[e]! += value * apart[e]!;
    }
  }
  const covariance = Matrix.zeros(dimensions, dimensions);
  for (let d = 0; d < dimensions; d++) {
    for (let e = 0; e <= d; e++) {
      const value = sums[d]![e]! / (kept.length - 1);
      covariance.set(d, e, value).set(e, d, value);
    }
  }
  return { mean, covariance };
}

/** @param half the root of the first covariance */
function squaredDistance(first: Gaussian, half: Matrix, second: Gaussian): number {
  let squared = 0;
  for (const [d, value] of first.mean.entries()) squared += (value - second.mean[d]!) ** 2;
  // tr (S T)^½ is that of the symmetric (S^½ T S^½)^½.
  const between = symmetric(half.mmul(second.covariance).mmul(half)).realEigenvalues;
  const shared = between.reduce((sum, value) => sum + root(value), 0);
  return squared + first.covariance.trace() + second.covariance.trace() - 2 * shared;
}

function squareRoot(covariance: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix: vectors } = symmetric(covariance);
  return vectors.mmul(Matrix.diag(realEigenvalues.map(root))).mmul(vectors.transpose());
}

const symmetric = (matrix: Matrix) =>
  new EigenvalueDecomposition(matrix, { assumeSymmetric: true });

/** Rounding takes eigenvalues that are 0 a little below it. */
const root = (value: number) => Math.sqrt(Math.max(0, value));
