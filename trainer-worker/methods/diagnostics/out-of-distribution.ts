import { Random, streams } from '../../compiler/random/random';
import { uniformIn } from '../data/bounds';
import { levelCounts } from '../data/categories';
import type { DiagnosticMethod } from './diagnostic';
import { type KnownEstimate, withError } from './estimate';
import { mean } from './mean';

const names = { uniform: 'auroc/uniform', others: 'auroc/other data' };
const group = 'Out of distribution';

/**
 * How well the energy tells held-out rows from points drawn uniformly in the shown window, and from rows
 * of other data where an experiment names some: the chance that the row has the lower energy of the two
 * (the area under the receiver operating characteristic).
 */
export const outOfDistribution: DiagnosticMethod = {
  needs: 'held-out rows',
  prepare({ dataset: { heldOut, dimensions, domain, categories = [] }, bounds, seed, others }) {
    const count = heldOut.length / dimensions;
    if (count === 0) return undefined;
    const random = new Random(seed, streams.diagnostics);
    const noise = uniformIn(bounds, count, random, domain, levelCounts(categories));
    return {
      metrics: [
        ...withError({
          name: names.uniform,
          label: 'AUROC, held-out rows against uniform noise',
          group,
        }),
        ...(others
          ? withError({
              name: names.others,
              label: 'AUROC, held-out rows against other data',
              group,
            })
          : []),
      ],
      async measure({ energy, heldOutEnergies }) {
        const ofRows = await heldOutEnergies();
        return {
          [names.uniform]: shareBelow(ofRows, await energy(noise)),
          ...(others ? { [names.others]: shareBelow(ofRows, await energy(others)) } : {}),
        };
      },
    };
  },
};

/**
 * The share of pairs in which the first is the lower, ties counted half (Mann & Whitney 1947), with its
 * standard error (DeLong, DeLong & Clarke-Pearson 1988).
 */
export function shareBelow(first: Float32Array, second: Float32Array): KnownEstimate {
  const above = placements(second, Float32Array.from(first).sort());
  const below = placements(first, Float32Array.from(second).sort());
  const share = mean(above);
  return { value: share.value, error: Math.hypot(share.error, mean(below).error) };
}

/** For each value the share of the others that lie below it, ties counted half. */
function placements(values: Float32Array, others: Float32Array): Float64Array {
  const shares = new Float64Array(values.length);
  let below = 0;
  let atMost = 0;
  for (const [i, value] of Float32Array.from(values).sort().entries()) {
    while (below < others.length && others[below]! < value) below++;
    while (atMost < others.length && others[atMost]! <= value) atMost++;
    shares[i] = (below + atMost) / 2 / others.length;
  }
  return shares;
}
