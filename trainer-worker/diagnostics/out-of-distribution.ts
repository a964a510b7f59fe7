import { uniformIn } from '../data/bounds';
import { Random, streams } from '../random/random';
import type { DiagnosticMethod } from './diagnostic';

const name = 'auroc/uniform';

/**
 * How well the energy tells held-out rows from points drawn uniformly in the shown window: the chance
 * that the row has the lower energy of the two (the area under the receiver operating characteristic).
 */
export const outOfDistribution: DiagnosticMethod = {
  needs: 'held-out rows',
  prepare({ dataset: { heldOut, dimensions, domain }, bounds, seed }) {
    const count = heldOut.length / dimensions;
    if (count === 0) return undefined;
    const others = uniformIn(bounds, count, new Random(seed, streams.diagnostics), domain);
    return {
      metrics: [
        { name, label: 'AUROC, held-out rows against uniform noise', group: 'Out of distribution' },
      ],
      async measure({ energy }) {
        return { [name]: shareBelow(await energy(heldOut), await energy(others)) };
      },
    };
  },
};

/** The share of pairs in which the first is the lower, ties counted half (Mann & Whitney 1947). */
export function shareBelow(first: Float32Array, second: Float32Array): number {
  const lower = Float32Array.from(first).sort();
  const upper = Float32Array.from(second).sort();
  let pairs = 0;
  let below = 0;
  let atMost = 0;
  for (const value of upper) {
    while (below < lower.length && lower[below]! < value) below++;
    while (atMost < lower.length && lower[atMost]! <= value) atMost++;
    pairs += (below + atMost) / 2;
  }
  return pairs / (lower.length * upper.length);
}
