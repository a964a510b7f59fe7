/** A row of the data and how far it is. */
export interface Neighbour {
  readonly index: number;
  /** Root of the mean squared difference of a number. */
  readonly distance: number;
}

/**
 * The nearest of `[n, D]` rows to a point, the nearest first. All are looked at, but each only until it is
 * farther than those that were found: most are left after a few numbers.
 *
 * @param unit what a number is to be measured in: of model space where it is left as it is
 */
export function nearestRows(
  point: Float32Array,
  rows: Float32Array,
  count: number,
  unit: (value: number) => number = (value) => value,
): readonly Neighbour[] {
  const dimensions = point.length;
  const wanted = point.map(unit);
  const found: { readonly index: number; readonly sum: number }[] = [];
  for (let index = 0; (index + 1) * dimensions <= rows.length; index++) {
    const limit = found.length < count ? Number.POSITIVE_INFINITY : found.at(-1)!.sum;
    let sum = 0;
    for (let at = 0; at < dimensions && sum < limit; at++) {
      sum += (unit(rows[index * dimensions + at]!) - wanted[at]!) ** 2;
    }
    if (!(sum < limit)) continue;
    const place = found.findIndex((other) => other.sum > sum);
    found.splice(place < 0 ? found.length : place, 0, { index, sum });
    found.length = Math.min(found.length, count);
  }
  return found.map(({ index, sum }) => ({ index, distance: Math.sqrt(sum / dimensions) }));
}
