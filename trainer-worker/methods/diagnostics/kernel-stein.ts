import { medianDistance } from '../parts/stein-kernel';
import type { DiagnosticMethod } from './diagnostic';
import { type KnownEstimate, withError } from './estimate';
import { mean } from './mean';

const names = { heldOut: 'stein/held-out', samples: 'stein/samples' };
/** Points of each side: pairs grow with the square. */
const mostPoints = 512;

/**
 * The squared kernel Stein discrepancy of held-out rows, and of the shown samples, from the model (Liu,
 * Lee & Jordan 2016; Chwialkowski, Strathmann & Gretton 2016), unbiased, with an inverse multiquadric
 * kernel (Gorham & Mackey 2017) as wide as the median distance of held-out rows. Of rows: 0 on average
 * where the model is right, without log Z and without chains. Of samples: 0 on average where the chains
 * draw from the model, right or wrong. Like every measure of scores it hardly sees how much weight
 * modes that lie far apart have.
 */
export const kernelStein: DiagnosticMethod = {
  needs: 'real data and at least two held-out rows',
  prepare({ dataset: { heldOut, dimensions, domain } }) {
    const rows = heldOut.subarray(0, mostPoints * dimensions);
    // Of bits there are no slopes, and at the edge of a half-line the discrepancy is not 0.
    if (domain !== 'real' || rows.length < 2 * dimensions) return undefined;
    const bandwidth = medianDistance(rows, dimensions);
    const group = { group: 'Kernel Stein discrepancy' };
    return {
      metrics: [
        ...withError({ name: names.heldOut, label: 'KSD² of held-out rows', ...group }),
        ...withError({ name: names.samples, label: 'KSD² of samples', ...group }),
      ],
      async measure({ samples, score }) {
        const of = async (points: Float32Array) =>
          steinDiscrepancy(points, await score(points), dimensions, bandwidth);
        const shown = samples.subarray(0, mostPoints * dimensions);
        return { [names.heldOut]: await of(rows), [names.samples]: await of(shown) };
      },
    };
  },
};

/**
 * The U-statistic over all pairs of different points, with the kernel `(1 + |x - x'|²/h²)^(-1/2)`, and
 * its standard error; too large where the scores are right.
 *
 * @param points `[n, D]`, n at least 2
 * @param scores -dE/dx there, `[n, D]`
 * @param bandwidth h, in units of the data
 */
export function steinDiscrepancy(
  points: Float32Array,
  scores: Float32Array,
  dimensions: number,
  bandwidth: number,
): KnownEstimate {
  const count = points.length / dimensions;
  const precision = 1 / bandwidth ** 2;
  // Of each point with all others.
  const sums = new Float64Array(count);
  for (let i = 0; i < points.length; i += dimensions) {
    for (let j = 0; j < i; j += dimensions) {
      let squared = 0;
      let products = 0;
      let crossed = 0;
      for (let d = 0; d < dimensions; d++) {
        const apart = points[i + d]! - points[j + d]!;
        const s = scores[i + d]!;
        const other = scores[j + d]!;
        squared += apart * apart;
        products += s * other;
        crossed += (s - other) * apart;
      }
      const value = 1 / Math.sqrt(1 + squared * precision);
      // ∇_x k = -slope · (x - x'), and tr ∇_x ∇_x' k = D · slope - 3 k⁵ |x - x'|²/h⁴.
      const slope = value * value * value * precision;
      const trace = dimensions * slope - 3 * value * value * slope * squared * precision;
      const term = products * value + crossed * slope + trace;
      sums[i / dimensions]! += term;
      sums[j / dimensions]! += term;
    }
  }
  const { value, error } = mean(sums.map((sum) => sum / (count - 1)));
  // Each point counts in two of the places of a pair (Serfling 1980, section 5.5).
  return { value, error: 2 * error };
}
