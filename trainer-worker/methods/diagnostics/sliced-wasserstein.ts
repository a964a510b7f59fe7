import { Random, streams } from '../../compiler/random/random';
import { blocksOf, type Rows } from '../data/rows';
import type { DiagnosticMethod } from './diagnostic';

const name = 'discrepancy/sliced-wasserstein';
const directions = 64;

/**
 * The sliced Wasserstein-2 distance of the shown samples and held-out rows (Bonneel et al. 2015), in
 * units of the data: over 64 fixed random directions, the root mean square of how far the quantiles of
 * their projections lie apart.
 */
export const slicedWasserstein: DiagnosticMethod = {
  needs: 'held-out rows',
  prepare({ dataset: { heldOut, dimensions }, seed }) {
    if (heldOut.length === 0) return undefined;
    const random = new Random(seed, streams.diagnostics);
    const axes = Array.from({ length: directions }, () => {
      const axis = Float64Array.from({ length: dimensions }, () => random.normal());
      const length = Math.hypot(...axis);
      return axis.map((value) => value / length);
    });
    const ofData = sortedProjections(heldOut, axes);
    return {
      metrics: [
        {
          name,
          label: 'Sliced Wasserstein distance of samples and held-out rows',
          group: 'Distance of samples',
        },
      ],
      async measure({ samples }) {
        const squares = sortedProjections(samples, axes).map((projections, i) =>
          meanSquaredGap(projections, ofData[i]!),
        );
        return { [name]: Math.sqrt(squares.reduce((sum, square) => sum + square) / directions) };
      },
    };
  },
};

/** Of each axis, where the points lie along it, in order. */
function sortedProjections(points: Rows, axes: readonly Float64Array[]): Float64Array[] {
  const dimensions = axes[0]!.length;
  const all = axes.map(() => new Float64Array(points.length / dimensions));
  for (const [start, block] of blocksOf(points, dimensions)) {
    for (const [a, axis] of axes.entries()) {
      const projections = all[a]!;
      for (let from = 0; from < block.length; from += dimensions) {
        let sum = 0;
        for (let d = 0; d < dimensions; d++) sum += axis[d]! * block[from + d]!;
        projections[(start + from) / dimensions] = sum;
      }
    }
  }
  return all.map((projections) => projections.sort());
}

/** ∫ (F⁻¹(u) - G⁻¹(u))² du of two samples' quantile functions, which are steps. */
function meanSquaredGap(xs: Float64Array, ys: Float64Array): number {
  let sum = 0;
  let done = 0;
  for (let i = 0, j = 0; i < xs.length && j < ys.length; ) {
    const [endOfX, endOfY] = [(i + 1) / xs.length, (j + 1) / ys.length];
    const end = Math.min(endOfX, endOfY);
    sum += (end - done) * (xs[i]! - ys[j]!) ** 2;
    done = end;
    if (endOfX <= end) i++;
    if (endOfY <= end) j++;
  }
  return sum;
}
