import { medianDistance } from '../parts/stein-kernel';
import type { DiagnosticMethod } from './diagnostic';
import { type KnownEstimate, withError } from './estimate';
import { mean } from './mean';

const name = 'discrepancy/mmd';
/** Points of each side: pairs grow with the square. */
const mostPoints = 512;

/**
 * The squared maximum mean discrepancy of the shown samples and held-out rows (Gretton et al. 2012),
 * unbiased, with a Gaussian kernel as wide as the median distance of held-out rows: 0 on average where
 * both are drawn from one distribution. Its error is the standard error of a U-statistic; where both
 * are equal that is too large.
 */
export const maximumMeanDiscrepancy: DiagnosticMethod = {
  needs: 'at least two held-out rows',
  prepare({ dataset: { heldOut, dimensions } }) {
    const rows = heldOut.subarray(0, mostPoints * dimensions);
    if (rows.length < 2 * dimensions) return undefined;
    const discrepancy = squaredDiscrepancy(rows, dimensions, medianDistance(rows, dimensions));
    return {
      metrics: withError({
        name,
        label: 'MMD² of samples and held-out rows',
        group: 'Discrepancy of samples',
      }),
      async measure({ samples }) {
        return { [name]: discrepancy(samples.subarray(0, mostPoints * dimensions)) };
      },
    };
  },
};

/**
 * The unbiased squared discrepancy of points from given `[m, D]` rows, with its standard error.
 *
 * @param bandwidth of the Gaussian kernel
 */
export function squaredDiscrepancy(
  rows: Float32Array,
  dimensions: number,
  bandwidth: number,
): (points: Float32Array) => KnownEstimate {
  const ofData = meanKernels(rows, undefined, dimensions, bandwidth);
  return (points) => {
    const own = meanKernels(points, undefined, dimensions, bandwidth);
    const toRows = meanKernels(points, rows, dimensions, bandwidth);
    const toSamples = meanKernels(rows, points, dimensions, bandwidth);
    const ofSample = mean(own.map((kernel, i) => kernel - toRows[i]!));
    const ofRow = mean(ofData.map((kernel, i) => kernel - toSamples[i]!));
    // Each point counts in twice as many pairs as it has a mean over (Serfling 1980, section 5.5).
    const error = 2 * Math.hypot(ofSample.error, ofRow.error);
    return { value: ofSample.value + ofRow.value, error };
  };
}

/**
 * For each x the mean of `exp(-|x - y|²/(2h²))` over all y; over the other xs where `ys` is absent.
 */
function meanKernels(
  xs: Float32Array,
  ys: Float32Array | undefined,
  dimensions: number,
  bandwidth: number,
): Float64Array {
  const others = ys ?? xs;
  const [count, otherCount] = [xs.length / dimensions, others.length / dimensions];
  const means = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let j = 0; j < otherCount; j++) {
      if (ys === undefined && i === j) continue;
      let squared = 0;
      for (let d = 0; d < dimensions; d++) {
        squared += (xs[i * dimensions + d]! - others[j * dimensions + d]!) ** 2;
      }
      sum += Math.exp(-squared / (2 * bandwidth ** 2));
    }
    means[i] = sum / (ys === undefined ? count - 1 : otherCount);
  }
  return means;
}
