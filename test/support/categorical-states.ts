import { statesOfLevels } from '../../trainer-worker/methods/diagnostics/state-space';

/** All one-hot points of some categories, one a list. */
export function pointsOfLevels(levels: readonly number[]): number[][] {
  const dimensions = levels.reduce((sum, count) => sum + count, 0);
  const all = statesOfLevels(levels);
  return Array.from({ length: all.length / dimensions }, (_, state) => [
    ...all.subarray(state * dimensions, (state + 1) * dimensions),
  ]);
}

/** The probabilities of states with these energies. */
export function lawOf(energies: ArrayLike<number>): number[] {
  const weights = Array.from(energies, (value) => Math.exp(-value));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/**
 * Pearson's statistic of counts over states, less its mean and in its deviations.
 *
 * @param points all points that there can be
 * @param law their probabilities
 * @param ends `[count, D]` points that were drawn
 */
export function surprise(
  points: readonly (readonly number[])[],
  law: readonly number[],
  ends: Float32Array,
): number {
  const dimensions = points[0]!.length;
  const count = ends.length / dimensions;
  const places = new Map(points.map((point, place) => [point.join(''), place]));
  const counts = new Array<number>(points.length).fill(0);
  for (let row = 0; row < count; row++) {
    const place = places.get(ends.subarray(row * dimensions, (row + 1) * dimensions).join(''));
    if (place === undefined) throw new Error(`Row ${row} is no state.`);
    counts[place]! += 1;
  }
  const pearson = counts.reduce(
    (sum, seen, place) => sum + (seen - count * law[place]!) ** 2 / (count * law[place]!),
    0,
  );
  const freedom = points.length - 1;
  return (pearson - freedom) / Math.sqrt(2 * freedom);
}
