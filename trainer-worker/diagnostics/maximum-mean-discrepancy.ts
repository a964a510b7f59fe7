import { medianDistance } from '../kernels/stein-kernel';
import type { DiagnosticMethod } from './diagnostic';

const name = 'discrepancy/mmd';
/** Points of each side: pairs grow with the square. */
const mostPoints = 512;

/**
 * The squared maximum mean discrepancy of the shown samples and held-out rows (Gretton et al. 2012),
 * unbiased, with a Gaussian kernel as wide as the median distance of held-out rows: 0 on average where
 * both are drawn from one distribution.
 */
export const maximumMeanDiscrepancy: DiagnosticMethod = {
  needs: 'at least two held-out rows',
  prepare({ dataset: { heldOut, dimensions } }) {
    const rows = heldOut.subarray(0, mostPoints * dimensions);
    if (rows.length < 2 * dimensions) return undefined;
    const bandwidth = medianDistance(rows, dimensions);
    const ofData = meanKernel(rows, undefined, dimensions, bandwidth);
    return {
      metrics: [
        { name, label: 'MMD² of samples and held-out rows', group: 'Discrepancy of samples' },
      ],
      async measure({ samples }) {
        const points = samples.subarray(0, mostPoints * dimensions);
        const ofSamples = meanKernel(points, undefined, dimensions, bandwidth);
        const crossed = meanKernel(points, rows, dimensions, bandwidth);
        return { [name]: ofData + ofSamples - 2 * crossed };
      },
    };
  },
};

/** The mean of `exp(-|x - y|²/(2h²))` over all pairs; of different rows where `ys` is absent. */
function meanKernel(
  xs: Float32Array,
  ys: Float32Array | undefined,
  dimensions: number,
  bandwidth: number,
): number {
  const others = ys ?? xs;
  const [count, otherCount] = [xs.length / dimensions, others.length / dimensions];
  let sum = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < otherCount; j++) {
      if (ys === undefined && i === j) continue;
      let squared = 0;
      for (let d = 0; d < dimensions; d++) {
        squared += (xs[i * dimensions + d]! - others[j * dimensions + d]!) ** 2;
      }
      sum += Math.exp(-squared / (2 * bandwidth ** 2));
    }
  }
  return sum / (count * (ys === undefined ? count - 1 : otherCount));
}
