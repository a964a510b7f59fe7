import type { KnownEstimate } from './estimate';
import { mean } from './mean';

/** Groups of each set that are left out in turn: the error is itself known to about a sixth. */
const groups = 10;

/**
 * Statistics of two independent sets of points, each with its standard error by the jackknife that leaves
 * out one group of a set after the other (Shao & Wu 1989), which suits statistics with corners as well, such as
 * those of nearest neighbours. It errs to the large side of these (of coverage up to twice), and of distances of
 * equal laws.
 *
 * @param sizes how many points each of the two sets has; 2 at least
 * @param statistics of points of both, by their indices in ascending order; of how many numbers is up to them
 */
export function jackknifed(
  sizes: readonly [number, number],
  statistics: (first: Uint32Array, second: Uint32Array) => readonly number[],
): readonly KnownEstimate[] {
  const [first, second] = [range(sizes[0]), range(sizes[1])];
  const withoutFirst = leftOut(first, (kept) => statistics(kept, second));
  const withoutSecond = leftOut(second, (kept) => statistics(first, kept));
  return statistics(first, second).map((value, which) => {
    const errors = [withoutFirst, withoutSecond].map(
      // The mean of n numbers has the error s/√n; that of leave-outs is (n - 1) times that of their deviation.
      (all) => (all.length - 1) * mean(all.map((found) => found[which]!)).error,
    );
    return { value, error: Math.hypot(...errors) };
  });
}

const range = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

/** What is found without each of the groups. Members of one lie apart: neighbours may be alike. */
function leftOut(
  all: Uint32Array,
  statistics: (kept: Uint32Array) => readonly number[],
): readonly (readonly number[])[] {
  const count = Math.min(groups, all.length);
  return Array.from({ length: count }, (_, group) =>
    statistics(all.filter((i) => i % count !== group)),
  );
}

/** 1 for those of so many that are among `kept`, else 0. */
export function maskOf(kept: Uint32Array, count: number): Uint8Array {
  const mask = new Uint8Array(count);
  for (const i of kept) mask[i] = 1;
  return mask;
}
