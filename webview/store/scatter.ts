import type { AlignedPoints, Curve } from './decimate';
import type { Series } from './series';

/**
 * Points of curves against another curve, from the steps that both have, between two steps, ascending
 * in the other's value. Many are told by the lowest and the highest of each of `columns` pixel columns
 * from `low` to `high`. What is not finite has no place.
 *
 * @returns the other's values in `steps`
 */
export function scatter(
  against: Series,
  curves: readonly Curve[],
  [from, to]: readonly [number, number],
  { low, high, columns }: { readonly low: number; readonly high: number; readonly columns: number },
): AlignedPoints {
  const first = against.indexFrom(from);
  const last = against.indexUpTo(to) + 1;
  return last - first <= 2 * columns
    ? allPoints(against, curves, first, last)
    : columnPoints(against, curves, first, last, { low, high, columns });
}

/** Calls `take` for each step that both curves have a finite value at. O(n). */
function forPairs(
  against: Series,
  { series, values }: Curve,
  [first, last]: readonly [number, number],
  take: (x: number, y: number, at: number) => void,
): void {
  let other = series.indexFrom(against.stepAt(first));
  for (let at = first; at < last; at++) {
    const step = against.stepAt(at);
    while (other < series.length && series.stepAt(other) < step) other++;
    if (series.stepAt(other) !== step) continue;
    const [x, y] = [against.values.at(at), values.at(other)];
    if (Number.isFinite(x) && Number.isFinite(y)) take(x, y, at);
  }
}

function allPoints(
  against: Series,
  curves: readonly Curve[],
  first: number,
  last: number,
): AlignedPoints {
  const rows = new Map<number, { readonly x: number; readonly ys: (number | undefined)[] }>();
  for (const [k, curve] of curves.entries()) {
    forPairs(against, curve, [first, last], (x, y, at) => {
      const row = rows.get(at) ?? { x, ys: curves.map(() => undefined) };
      row.ys[k] = y;
      rows.set(at, row);
    });
  }
  const sorted = [...rows.values()].sort((a, b) => a.x - b.x);
  return {
    steps: sorted.map(({ x }) => x),
    values: curves.map((_, k) => sorted.map(({ ys }) => ys[k])),
  };
}

function columnPoints(
  against: Series,
  curves: readonly Curve[],
  first: number,
  last: number,
  { low, high, columns }: { readonly low: number; readonly high: number; readonly columns: number },
): AlignedPoints {
  const width = (high - low) / columns;
  const steps = Array.from({ length: 2 * columns }, (_, k) => low + (k / 2 + 0.25) * width);
  const values = curves.map((curve) => {
    const found = new Array<number | undefined>(2 * columns).fill(undefined);
    forPairs(against, curve, [first, last], (x, y) => {
      const column = 2 * Math.min(columns - 1, Math.max(0, Math.floor((x - low) / width)));
      found[column] = Math.min(found[column] ?? y, y);
      found[column + 1] = Math.max(found[column + 1] ?? y, y);
    });
    return found;
  });
  return { steps, values };
}
