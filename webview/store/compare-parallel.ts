import type { CompareColumn, CompareRow } from './compare-rows';
import { compareTexts } from './compare-rows';
import { formatTick, formatValue } from './number-format';
import { axisTicks, logTicks } from './ticks';

/** What a run has on an axis: a number, or a category as its cell is sorted by. */
type AxisValue = number | string;

/** One of several axes beside each other. */
export interface ParallelAxis {
  /** Of the table's column that it shows. */
  readonly key: string;
  readonly title: string;
  readonly kind: 'linear' | 'log' | 'categories';
  /** What is written beside it, with its place from 0 (below) to 1. */
  readonly marks: readonly { readonly at: number; readonly text: string }[];
  /** The place of a value. */
  at(value: AxisValue): number;
  /** What lies at a place, or nearest to it. */
  valueAt(place: number): AxisValue;
  /** A value in words. */
  text(value: AxisValue): string;
  /** The place next to one, for a key press. */
  next(place: number, direction: 1 | -1): number;
}

/** A stretch of an axis, both ends within. */
export interface Brush {
  readonly from: AxisValue;
  readonly to: AxisValue;
}

/** Brushes by the keys of their axes. */
export type Brushes = ReadonlyMap<string, Brush>;

/** More axes leave no room for their names. */
export const mostAxes = 10;
/** Positive numbers whose largest is so many times the smallest lie on a logarithmic axis. */
const logSpread = 10;
/** Key presses from one end of an axis of numbers to the other. */
const presses = 20;

/** What parameters and a metric are shown by. */
export interface ParallelPlan {
  readonly axes: readonly ParallelAxis[];
  /** Parameters that vary, those that found no room among them. */
  readonly varying: number;
  /** `[rows, axes]` places; NaN where a run has no value. */
  readonly places: Float32Array;
}

/**
 * The axes of parameters in which rows differ, in the order of the table, and of a metric behind them.
 *
 * @param columns those of the table
 * @param metric the key of a column
 */
export function parallelPlan(
  rows: readonly CompareRow[],
  columns: readonly CompareColumn[],
  metric: string,
): ParallelPlan {
  const valuesOf = (key: string) => rows.map(({ cells }) => cells.get(key)?.value);
  const varying = columns.filter(
    ({ key }) => key.startsWith('parameter ') && new Set(valuesOf(key)).size > 1,
  );
  const told = columns.find(({ key }) => key === metric);
  const axes = [...varying.slice(0, mostAxes - 1), ...(told ? [told] : [])].flatMap((column) => {
    const known = valuesOf(column.key).filter((value) => value !== undefined);
    return known.length === 0 ? [] : [axisOf(column, known, rows)];
  });
  const places = new Float32Array(rows.length * axes.length);
  for (const [row, { cells }] of rows.entries()) {
    for (const [k, axis] of axes.entries()) {
      const value = cells.get(axis.key)?.value;
      places[row * axes.length + k] = value === undefined ? Number.NaN : axis.at(value);
    }
  }
  return { axes, varying: varying.length, places };
}

function axisOf(
  column: CompareColumn,
  values: readonly AxisValue[],
  rows: readonly CompareRow[],
): ParallelAxis {
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length === values.length
    ? numberAxis(column, numbers)
    : categoryAxis(column, values, rows);
}

function numberAxis({ key, title }: CompareColumn, values: readonly number[]): ParallelAxis {
  const least = values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  const most = values.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
  const isLog = least > 0 && most / least >= logSpread;
  const [into, back] = isLog ? [Math.log10, (x: number) => 10 ** x] : [Number, Number];
  const [low, high] = most > least ? [into(least), into(most)] : [into(least) - 1, into(least) + 1];
  const marks = isLog ? logMarks(least, most) : linearMarks(low, high, values);
  const clamped = (place: number) => Math.min(1, Math.max(0, place));
  return {
    ...{ key, title, kind: isLog ? 'log' : 'linear' },
    marks: marks.map(({ value, text }) => ({ at: (into(value) - low) / (high - low), text })),
    at: (value) => (into(Number(value)) - low) / (high - low),
    valueAt: (place) => {
      const share = clamped(place);
      // The ends are those of the values: through a logarithm and back they might miss them.
      if (most > least && (share === 0 || share === 1)) return share === 0 ? least : most;
      return back(low + share * (high - low));
    },
    text: (value) => formatValue(Number(value)),
    next: (place, direction) => clamped(place + direction / presses),
  };
}

function logMarks(least: number, most: number) {
  return logTicks(least, most, 6).map((value) => ({ value, text: String(value) }));
}

/** Whole numbers alone where there are no others: half a seed is none. */
function linearMarks(low: number, high: number, values: readonly number[]) {
  const ticks = axisTicks(low, high, 5);
  const areWhole = values.every(Number.isInteger);
  return ticks.values
    .filter((tick) => !areWhole || Number.isInteger(tick))
    .map((value) => ({ value, text: formatTick(value, areWhole ? 1 : ticks.increment) }));
}

function categoryAxis(
  { key, title }: CompareColumn,
  values: readonly AxisValue[],
  rows: readonly CompareRow[],
): ParallelAxis {
  const levels = [...new Set(values.map(String))].sort(compareTexts);
  const texts = new Map(
    rows.flatMap(({ cells }) => {
      const cell = cells.get(key);
      return cell?.value === undefined ? [] : [[String(cell.value), cell.text] as const];
    }),
  );
  const last = levels.length - 1;
  const text = (value: AxisValue) => texts.get(String(value)) ?? String(value);
  const placeOf = (index: number) => (last === 0 ? 0.5 : index / last);
  const indexAt = (place: number) => Math.min(last, Math.max(0, Math.round(place * last)));
  const every = Math.ceil(levels.length / 12);
  return {
    ...{ key, title, kind: 'categories' },
    marks: levels.flatMap((level, k) =>
      k % every === 0 ? [{ at: placeOf(k), text: text(level) }] : [],
    ),
    at: (value) => placeOf(levels.indexOf(String(value))),
    valueAt: (place) => levels[indexAt(place)]!,
    text,
    next: (place, direction) => placeOf(Math.min(last, Math.max(0, indexAt(place) + direction))),
  };
}

/** The rows that lie within all brushes; one that has no value on a brushed axis does not. */
export function brushedRows(rows: readonly CompareRow[], brushes: Brushes): readonly CompareRow[] {
  if (brushes.size === 0) return rows;
  return rows.filter(({ cells }) =>
    [...brushes].every(([key, { from, to }]) => {
      const value = cells.get(key)?.value;
      return value !== undefined && order(from, value) <= 0 && order(value, to) <= 0;
    }),
  );
}

/** A brush between two places of an axis, whichever is the higher. */
export function brushBetween(axis: ParallelAxis, one: number, other: number): Brush {
  const [low, high] = one <= other ? [one, other] : [other, one];
  return { from: axis.valueAt(low), to: axis.valueAt(high) };
}

/** The row whose line runs nearest to a point, by the places at which it crosses axes `left` and `left + 1`. */
export function nearestRow(
  { axes, places }: ParallelPlan,
  rows: readonly number[],
  left: number,
  share: number,
  place: number,
): { readonly row: number; readonly distance: number } | undefined {
  let nearest: { readonly row: number; readonly distance: number } | undefined;
  for (const row of rows) {
    const from = places[row * axes.length + left]!;
    const to = places[row * axes.length + Math.min(left + 1, axes.length - 1)]!;
    const distance = Math.abs(from + share * (to - from) - place);
    if (distance < (nearest?.distance ?? Number.POSITIVE_INFINITY)) nearest = { row, distance };
  }
  return nearest;
}

function order(a: AxisValue, b: AxisValue): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareTexts(a, b);
}
