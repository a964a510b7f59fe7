import type { ComparedRun } from '../../protocol/compare';
import type { Json } from '../../protocol/run';
import { compareTexts, parameterText } from './compare-rows';

/** Of more values of a parameter the first are shown. */
export const mostValues = 24;

/** A combination of two parameters, and the runs that have it. */
export interface GridCell {
  readonly row: number;
  readonly column: number;
  /** The best of its runs, or the first where none has a value. */
  readonly run: ComparedRun;
  readonly count: number;
}

/** Runs by the values of two parameters. */
export interface RunGrid {
  /** Values as people read them, ascending, of the parameter that differs from row to row. */
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Combinations that some run has. */
  readonly cells: readonly GridCell[];
  /** Values that found no room, of both parameters. */
  readonly left: number;
}

/**
 * Runs by two of their parameters.
 *
 * @param metricOf the metric of a run, where it is known and finite
 * @param goal whether a small or a large one is the best
 */
export function runGrid(
  runs: readonly ComparedRun[],
  [across, down]: readonly [across: string, down: string],
  metricOf: (run: ComparedRun) => number | undefined,
  goal: 'minimize' | 'maximize',
): RunGrid {
  const columns = valuesOf(runs, across);
  const rows = valuesOf(runs, down);
  const sign = goal === 'minimize' ? 1 : -1;
  const rankOf = (run: ComparedRun) => {
    const value = metricOf(run);
    return value === undefined ? Number.POSITIVE_INFINITY : sign * value;
  };
  const cells = new Map<string, GridCell>();
  for (const run of runs) {
    const column = columns.keys.indexOf(keyOf(run.parameters[across]));
    const row = rows.keys.indexOf(keyOf(run.parameters[down]));
    if (row < 0 || column < 0) continue;
    const place = `${row} ${column}`;
    const known = cells.get(place);
    const isBetter = known === undefined || rankOf(run) < rankOf(known.run);
    cells.set(place, {
      row,
      column,
      run: isBetter ? run : known.run,
      count: (known?.count ?? 0) + 1,
    });
  }
  return {
    rows: rows.texts,
    columns: columns.texts,
    cells: [...cells.values()].sort((a, b) => a.row - b.row || a.column - b.column),
    left: rows.left + columns.left,
  };
}

/**
 * The two parameters to begin with: those of the fewest values, the seed last, since it is what is
 * repeated over; none where there are not two.
 */
export function usualGridAxes(
  runs: readonly ComparedRun[],
  differing: readonly string[],
): readonly [across: string, down: string] | undefined {
  const ranked = differing
    .map((path) => ({ path, count: valuesOf(runs, path).count, isSeed: path === 'seed' }))
    .sort((a, b) => Number(a.isSeed) - Number(b.isSeed) || a.count - b.count);
  const [first, second] = ranked;
  return first && second ? [first.path, second.path] : undefined;
}

function valuesOf(runs: readonly ComparedRun[], path: string) {
  const values = new Map<string, Json | undefined>();
  for (const { parameters } of runs) values.set(keyOf(parameters[path]), parameters[path]);
  const sorted = [...values].sort(([a, x], [b, y]) =>
    typeof x === 'number' && typeof y === 'number' ? x - y : compareTexts(a, b),
  );
  const shown = sorted.slice(0, mostValues);
  return {
    keys: shown.map(([key]) => key),
    texts: shown.map(([, value]) => parameterText(value)),
    left: sorted.length - shown.length,
    count: sorted.length,
  };
}

function keyOf(value: Json | undefined): string {
  return JSON.stringify(value) ?? '';
}
