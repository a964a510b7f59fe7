import type { ComparedRun, CurveEnds, Ranking } from '../../protocol/compare';
import type { Json } from '../../protocol/run';
import { csvLine, csvNumber } from '../../vocabulary/csv';
import { formatCount, formatDuration } from '../../vocabulary/quantities';
import { usualGoal } from '../../vocabulary/ranking';
import { factsOf } from '../../vocabulary/run-status';
import { type CompareState, comparedMetrics } from './compare-state';
import { formatValue } from './number-format';

/** What a column tells of a run. */
export interface CompareColumn {
  readonly key: string;
  readonly title: string;
  /** Whether its values are numbers, which stand to the right. */
  readonly isNumber: boolean;
}

/** What the user has chosen about the table. */
export interface TableView {
  readonly ranking: Ranking;
  /** Show only the parameters in which the runs differ. */
  readonly onlyDiffering: boolean;
  /** The column by which it is sorted, and in which direction; as ranked where absent. */
  readonly sort: { readonly key: string; readonly isDescending: boolean } | undefined;
  /** Words that all have to be found in a run; see {@link isFiltered}. */
  readonly filter: string;
  /** The run that the others are compared with. */
  readonly baseline: string | undefined;
  /** Columns that the user has shown or hidden, by their keys; of the others what is usual holds. */
  readonly columns: ChosenColumns;
  /** Runs that stay above the others, whatever the table is sorted by. */
  readonly pinned: ReadonlySet<string>;
}

/** Columns that were chosen, or chosen against, by their keys. */
export interface ChosenColumns {
  readonly [key: string]: boolean;
}

/** A column that the table can have. */
export interface OfferedColumn extends CompareColumn {
  /** What it tells of, for a menu. */
  readonly group: 'Metrics' | 'Best values' | 'Parameters' | 'Run';
  readonly isShown: boolean;
}

/** A cell: what is shown, and by what it is sorted; `undefined` comes last. */
interface CompareCell {
  readonly text: string;
  readonly value: number | string | undefined;
}

/** A run as a row of the table. */
export interface CompareRow {
  readonly run: ComparedRun;
  readonly cells: ReadonlyMap<string, CompareCell>;
}

/** The columns beside name and status, from what is looked for first to what is looked up. */
export function columnsOf(state: CompareState, view: TableView): readonly CompareColumn[] {
  return offeredColumns(state, view).filter(({ isShown }) => isShown);
}

/** All columns that the table can have, in their order, and which of them it has. */
export function offeredColumns(state: CompareState, view: TableView): readonly OfferedColumn[] {
  const { metric } = view.ranking;
  const metrics = comparedMetrics(state.runs);
  const label = (name: string) => metrics.find((each) => each.name === name)?.label ?? name;
  const others = metrics.filter(({ name }) => name !== metric);
  const { paths, differing, numeric } = parametersIn(state.runs);
  const column =
    (group: OfferedColumn['group'], isUsual: boolean) => (key: string, title: string) => ({
      ...{ key, title, group, isNumber: true },
      isShown: view.columns[key] ?? isUsual,
    });
  const [shown, best] = [column('Metrics', true), column('Best values', false)];
  const ofRun = column('Run', true);
  return [
    shown(`last ${metric}`, label(metric)),
    ...(view.baseline === undefined ? [] : [shown('difference', 'Difference to baseline')]),
    column('Best values', true)('best', `Best ${label(metric)}`),
    column('Best values', true)('best step', 'at step'),
    ...paths.map((path) => ({
      ...column('Parameters', !view.onlyDiffering || differing.includes(path))(
        `parameter ${path}`,
        path,
      ),
      isNumber: numeric.has(path),
    })),
    ofRun('step', 'Step'),
    ofRun('seconds', 'Training time'),
    ...others.map(({ name }) => shown(`last ${name}`, label(name))),
    ...others.flatMap(({ name }) => [
      best(`best of ${name}`, `Best ${label(name)}`),
      best(`best step of ${name}`, `Best ${label(name)} at step`),
    ]),
  ];
}

/** The paths of the runs' parameters; those only in which they differ, if so wished. */
export function parameterPaths(
  runs: readonly ComparedRun[],
  onlyDiffering: boolean,
): readonly string[] {
  const { paths, differing } = parametersIn(runs);
  return onlyDiffering ? differing : paths;
}

/** What parameters runs have. */
interface Parameters {
  readonly paths: readonly string[];
  readonly differing: readonly string[];
  /** Those that are numbers wherever they are. */
  readonly numeric: ReadonlySet<string>;
}

/** Of a list that is asked about time and again, worked out once. */
const knownParameters = new WeakMap<readonly ComparedRun[], Parameters>();

function parametersIn(runs: readonly ComparedRun[]): Parameters {
  const known = knownParameters.get(runs);
  if (known) return known;
  const all = new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)));
  // The name of an experiment is no parameter of its training.
  all.delete('name');
  const paths = [...all];
  const differing = paths.filter((path) => {
    const first = JSON.stringify(runs[0]?.parameters[path]);
    return runs.some(({ parameters }) => JSON.stringify(parameters[path]) !== first);
  });
  const numeric = paths.filter((path) =>
    runs.every(({ parameters }) => isNumberOrNothing(parameters[path])),
  );
  const made = { paths, differing, numeric: new Set(numeric) };
  knownParameters.set(runs, made);
  return made;
}

/** The rows that the filter leaves, sorted. */
export function rowsOf(state: CompareState, view: TableView): readonly CompareRow[] {
  const columns = columnsOf(state, view);
  const isShown = isFiltered(view.filter);
  const rows = state.runs.filter(isShown).map(
    (run): CompareRow => ({
      run,
      cells: new Map([
        ['name', { text: run.name, value: run.name }],
        ['status', { text: run.standing ?? factsOf(run.status).word, value: run.status }],
        ...columns.map(({ key }) => [key, cellOf(key, run, state, view)] as const),
      ]),
    }),
  );
  const { metric, goal } = view.ranking;
  const { key, isDescending } = view.sort ?? {
    key: `last ${metric}`,
    isDescending: goal === 'maximize',
  };
  const sign = isDescending ? -1 : 1;
  // `sort` keeps the order of equals.
  return rows.sort((a, b) => {
    const pinned =
      Number(view.pinned.has(b.run.directory)) - Number(view.pinned.has(a.run.directory));
    if (pinned !== 0) return pinned;
    // What diverged has no rank, however small its last loss.
    const isRanked = view.sort === undefined;
    const [x, y] = [a, b].map(({ run, cells }) =>
      isRanked && run.hasDiverged ? undefined : cells.get(key)?.value,
    );
    if (x === undefined || y === undefined)
      return Number(x === undefined) - Number(y === undefined);
    return sign * (typeof x === 'number' && typeof y === 'number' ? x - y : compareTexts(x, y));
  });
}

/**
 * Whether a run fits a filter: each word has to be found in its name, its status, a tag or a parameter
 * as `path=value`.
 */
export function isFiltered(filter: string): (run: ComparedRun) => boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ name, status, standing, tags, parameters }) => {
    const told = Object.entries(parameters).map(
      ([path, value]) => `${path}=${parameterText(value)}`,
    );
    const texts = [name, standing ?? factsOf(status).word, ...tags, ...told].map((text) =>
      text.toLowerCase(),
    );
    return words.every((word) => texts.some((text) => text.includes(word)));
  };
}

/** The table as comma-separated values, all digits of its numbers among them. */
export function rowsToCsv(rows: readonly CompareRow[], columns: readonly CompareColumn[]): string {
  const head = ['run', 'name', 'status', ...columns.map(({ key }) => key)];
  const lines = rows.map(({ run, cells }) => {
    const value = (key: string) => {
      const cell = cells.get(key);
      if (cell?.value === undefined) return '';
      return typeof cell.value === 'number' ? csvNumber(cell.value) : cell.value;
    };
    return csvLine([run.directory, run.name, run.status, ...columns.map(({ key }) => value(key))]);
  });
  return [csvLine(head), ...lines].join('');
}

/** The best point of a curve by a ranking. */
function bestOf(ends: CurveEnds | undefined, { goal }: Ranking) {
  return goal === 'minimize' ? ends?.lowest : ends?.highest;
}

/** A parameter's value as people read it. */
export function parameterText(value: Json | undefined): string {
  if (value === undefined) return '–';
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const nothing: CompareCell = { text: '–', value: undefined };

/** What a cell is made of. */
interface CellSource {
  readonly run: ComparedRun;
  readonly ends: { readonly [metric: string]: CurveEnds } | undefined;
  readonly state: CompareState;
  readonly view: TableView;
  /** What follows the kind in a column's key. */
  readonly rest: string;
}

/** What a column's cells are, by the first word of its key. */
const cellsOf: Readonly<Record<string, (source: CellSource) => CompareCell>> = {
  last: ({ ends, rest }) => numberCell(ends?.[rest]?.last.value),
  best: ({ ends, rest, view }) => {
    const [, what, metric] = /^(step)? ?(?:of (.*))?$/s.exec(rest) ?? [];
    // Of the metric by which they are ranked its goal is known, of others what is usual.
    const ranking = metric === undefined ? view.ranking : { metric, goal: usualGoal(metric) };
    const best = bestOf(ends?.[ranking.metric], ranking);
    return what === 'step' ? numberCell(best?.step, formatCount) : numberCell(best?.value);
  },
  difference: ({ ends, state, view }) => {
    const other = state.curves.get(view.baseline ?? '')?.ends[view.ranking.metric]?.last.value;
    const own = ends?.[view.ranking.metric]?.last.value;
    if (other === undefined || own === undefined) return nothing;
    const signed = (value: number) => `${value > 0 ? '+' : ''}${formatValue(value)}`;
    return numberCell(own - other, signed);
  },
  parameter: ({ run, rest }) => {
    const value = run.parameters[rest];
    if (value === undefined) return nothing;
    return {
      text: parameterText(value),
      value: typeof value === 'number' ? value : JSON.stringify(value),
    };
  },
  step: ({ run: { step, steps } }) => ({
    text: `${formatCount(step)}/${formatCount(steps)}`,
    value: step,
  }),
  seconds: ({ run: { seconds } }) => ({ text: formatDuration(seconds), value: seconds }),
};

function cellOf(key: string, run: ComparedRun, state: CompareState, view: TableView): CompareCell {
  const space = key.indexOf(' ');
  const [kind, rest] = space < 0 ? [key, ''] : [key.slice(0, space), key.slice(space + 1)];
  const ends = state.curves.get(run.directory)?.ends;
  return cellsOf[kind]?.({ run, ends, state, view, rest }) ?? nothing;
}

function numberCell(
  value: number | undefined,
  format: (value: number) => string = formatValue,
): CompareCell {
  if (value === undefined) return nothing;
  return { text: format(value), value: Number.isFinite(value) ? value : undefined };
}

function isNumberOrNothing(value: Json | undefined): boolean {
  return value === undefined || value === null || typeof value === 'number';
}

/** The order of texts as people count: 2 before 10. */
export function compareTexts(a: number | string, b: number | string): number {
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
