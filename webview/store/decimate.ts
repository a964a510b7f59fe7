import type { MinMaxPyramid } from './min-max-pyramid';
import type { Series } from './series';

/** A line to draw: where its points are, and their values (raw or smoothed). */
export interface Curve {
  readonly series: Series;
  readonly values: MinMaxPyramid;
}

/**
 * Points of several curves over common, ascending steps. `undefined` is where a curve has no point
 * (the line passes), `null` where its value is not finite (the line is broken).
 */
export interface AlignedPoints {
  readonly steps: number[];
  readonly values: (number | null | undefined)[][];
}

/**
 * What is to be drawn of `curves` between two steps on `columns` pixel columns: the points
 * themselves where they are few, else the minimum and maximum of each column, so that at most two
 * points a column are drawn and no extreme is lost. One point beyond either end is included, so that
 * lines run on to the edge.
 */
export function decimate(
  curves: readonly Curve[],
  from: number,
  to: number,
  columns: number,
): AlignedPoints {
  const stretches = curves.map(({ series }) => {
    const first = Math.max(0, series.indexUpTo(from));
    const last = Math.min(series.length, series.indexFrom(to) + 1);
    return { first, last };
  });
  const most = Math.max(0, ...stretches.map(({ first, last }) => last - first));
  if (most <= 2 * columns) return joined(curves, stretches);
  return columnExtremes(curves, stretches, from, to, columns);
}

/**
 * What {@link decimate} tells of one curve, point after point to `visit`, in the order of its line: for
 * pictures of many curves, where lists of them would cost more than the drawing. A value that is not
 * finite breaks the line.
 */
export function walkCurve(
  { series, values }: Curve,
  [from, to]: readonly [number, number],
  columns: number,
  visit: (step: number, value: number) => void,
): void {
  const first = Math.max(0, series.indexUpTo(from));
  const end = Math.min(series.length, series.indexFrom(to) + 1);
  if (end - first <= 2 * columns) {
    for (let k = first; k < end; k++) visit(series.stepAt(k), values.at(k));
    return;
  }
  walkColumns({ series, values }, { first, last: end }, [from, to], columns, visit);
}

type Stretch = { readonly first: number; readonly last: number };

/** Every point of each stretch, over the union of their steps. */
function joined(curves: readonly Curve[], stretches: readonly Stretch[]): AlignedPoints {
  const next = stretches.map(({ first }) => first);
  const points: { steps: number[]; values: (number | null | undefined)[][] } = {
    steps: [],
    values: curves.map(() => []),
  };
  for (;;) {
    let step = Number.POSITIVE_INFINITY;
    for (const [k, { series }] of curves.entries()) {
      if (next[k]! < stretches[k]!.last) step = Math.min(step, series.stepAt(next[k]!));
    }
    if (step === Number.POSITIVE_INFINITY) return points;
    points.steps.push(step);
    for (const [k, { series, values }] of curves.entries()) {
      const index = next[k]!;
      if (index < stretches[k]!.last && series.stepAt(index) === step) {
        const value = values.at(index);
        points.values[k]!.push(Number.isFinite(value) ? value : null);
        next[k] = index + 1;
      } else {
        points.values[k]!.push(undefined);
      }
    }
  }
}

function columnExtremes(
  curves: readonly Curve[],
  stretches: readonly Stretch[],
  from: number,
  to: number,
  columns: number,
): AlignedPoints {
  const width = (to - from) / columns;
  const steps: number[] = [];
  for (let column = 0; column < columns; column++) {
    steps.push(from + (column + 0.25) * width, from + (column + 0.75) * width);
  }
  const values = curves.map((curve, k) => {
    const out = steps.map((): number | null | undefined => undefined);
    walkColumns(curve, stretches[k]!, [from, to], columns, (_step, value, at) => {
      out[at] = Number.isNaN(value) ? null : value;
    });
    return out;
  });
  return { steps, values };
}

/** Both extremes of each column that has points, NaN where none of these is finite, at a quarter and three of it. */
function walkColumns(
  { series, values }: Curve,
  { first, last }: Stretch,
  [from, to]: readonly [number, number],
  columns: number,
  visit: (step: number, value: number, at: number) => void,
): void {
  const width = (to - from) / columns;
  let index = first;
  let previous = Number.NaN;
  for (let column = 0; column < columns; column++) {
    const isLast = column === columns - 1;
    const end = isLast ? last : series.indexFrom(from + (column + 1) * width, index);
    if (end <= index) continue;
    const extremes = values.range(index, end);
    let [enter, leave] = extremes ? [extremes.min, extremes.max] : [Number.NaN, Number.NaN];
    // Enter each column at the end nearer to where the last one was left.
    if (Math.abs(leave - previous) < Math.abs(enter - previous)) [enter, leave] = [leave, enter];
    visit(from + (column + 0.25) * width, enter, 2 * column);
    visit(from + (column + 0.75) * width, leave, 2 * column + 1);
    if (extremes) previous = leave;
    index = end;
  }
}
