import type { ComparedRun, CurveEnds, Ranking } from '../../protocol/compare';
import type { Json } from '../../protocol/run';
import { csvLine, csvNumber } from '../../vocabulary/csv';
import { formatCount, formatDuration } from '../../vocabulary/quantities';
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
  const { metric } = view.ranking;
  const metrics = comparedMetrics(state.runs);
  const label = (name: string) => metrics.find((each) => each.name === name)?.label ?? name;
  const number = (key: string, title: string) => ({ key, title, isNumber: true });
  const others = metrics.filter(({ name }) => name !== metric);
  return [
    number(`last ${metric}`, label(metric)),
    ...(view.baseline === undefined ? [] : [number('difference', 'Difference to baseline')]),
    number('best', `Best ${label(metric)}`),
    number('best step', 'at step'),
    ...parameterPaths(state.runs, view.onlyDiffering).map((path) => ({
      key: `parameter ${path}`,
      title: path,
      isNumber: state.runs.every(({ parameters }) => isNumberOrNothing(parameters[path])),
    })),
    number('step', 'Step'),
    number('seconds', 'Training time'),
    ...others.map(({ name }) => number(`last ${name}`, label(name))),
  ];
}

/** The paths of the runs' parameters; those only in which they differ, if so wished. */
export function parameterPaths(
  runs: readonly ComparedRun[],
  onlyDiffering: boolean,
): readonly string[] {
  const paths = new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)));
  // The name of an experiment is no parameter of its training.
  paths.delete('name');
  if (!onlyDiffering) return [...paths];
  return [...paths].filter((path) => {
    const values = new Set(runs.map(({ parameters }) => JSON.stringify(parameters[path])));
    return values.size > 1;
  });
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
        ['status', { text: factsOf(run.status).word, value: run.status }],
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
  return ({ name, status, tags, parameters }) => {
    const told = Object.entries(parameters).map(
      ([path, value]) => `${path}=${parameterText(value)}`,
    );
    const texts = [name, factsOf(status).word, ...tags, ...told].map((text) => text.toLowerCase());
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

function cellOf(key: string, run: ComparedRun, state: CompareState, view: TableView): CompareCell {
  const { ranking, baseline } = view;
  const ends = state.curves.get(run.directory)?.ends;
  const [kind, rest] = [key.split(' ', 1)[0], key.slice(key.indexOf(' ') + 1)];
  switch (kind) {
    case 'last':
      return numberCell(ends?.[rest]?.last.value);
    case 'best':
      return key === 'best'
        ? numberCell(bestOf(ends?.[ranking.metric], ranking)?.value)
        : numberCell(bestOf(ends?.[ranking.metric], ranking)?.step, formatCount);
    case 'difference': {
      const other = state.curves.get(baseline ?? '')?.ends[ranking.metric]?.last.value;
      const own = ends?.[ranking.metric]?.last.value;
      if (other === undefined || own === undefined) return nothing;
      const difference = own - other;
      return numberCell(difference, (value) => `${value > 0 ? '+' : ''}${formatValue(value)}`);
    }
    case 'parameter': {
      const value = run.parameters[rest];
      if (value === undefined) return nothing;
      return {
        text: parameterText(value),
        value: typeof value === 'number' ? value : JSON.stringify(value),
      };
    }
    case 'step':
      return { text: `${formatCount(run.step)}/${formatCount(run.steps)}`, value: run.step };
    case 'seconds':
      return { text: formatDuration(run.seconds), value: run.seconds };
    default:
      return nothing;
  }
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

function compareTexts(a: number | string, b: number | string): number {
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
