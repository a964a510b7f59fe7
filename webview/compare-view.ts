import type { ComparedRun } from '../protocol/compare';
import { usualGoal } from '../vocabulary/ranking';
import { bandOf, differenceTo, seedGroups } from './store/compare-bands';
import {
  type Brushes,
  brushedRows,
  type ParallelPlan,
  parallelPlan,
} from './store/compare-parallel';
import { type ChosenColumns, offeredColumns, rowsOf, type TableView } from './store/compare-rows';
import { type CompareState, rankingOf } from './store/compare-state';
import type { Series } from './store/series';
import type { Theme } from './theme';
import type { GroupRow } from './views/compare-groups';
import type { PreviewLook } from './views/compare-previews';
import type { LineStyle } from './views/compare-table';
import type { ChartBand, ChartLine } from './views/painted-curves';

/** Dashes that tell curves apart without colour. */
const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

/** At so many steps a mean over seeds is computed. */
const bandSteps = 200;

/** What the user has chosen about the page; of it the columns and what is pinned outlive the page. */
export interface CompareView {
  readonly metric: string | undefined;
  readonly sort: TableView['sort'];
  readonly filter: string;
  readonly onlyDiffering: boolean;
  readonly hidden: ReadonlySet<string>;
  readonly picked: readonly string[];
  readonly baseline: string | undefined;
  readonly overSeeds: boolean;
  readonly asDifference: boolean;
  readonly logScale: boolean;
  readonly look: PreviewLook;
  readonly columns: ChosenColumns;
  readonly pinned: ReadonlySet<string>;
  readonly brushes: Brushes;
  /** Two parameters by which thumbnails are laid out. */
  readonly gridAxes: readonly [across: string, down: string] | undefined;
}

/** What a page begins with. */
export const startOfView: CompareView = {
  metric: undefined,
  sort: undefined,
  filter: '',
  onlyDiffering: true,
  hidden: new Set(),
  picked: [],
  baseline: undefined,
  overSeeds: false,
  asDifference: false,
  logScale: false,
  look: { by: 'step', metric: undefined, place: undefined },
  columns: {},
  pinned: new Set(),
  brushes: new Map(),
  gridAxes: undefined,
};

/** What a table is made of. */
export function tableKeys(
  { runs, curves, ranking }: CompareState,
  view: CompareView,
): readonly unknown[] {
  const { metric, sort, filter, onlyDiffering, baseline, columns, pinned } = view;
  return [
    ...[runs, curves, ranking, metric, sort, filter, onlyDiffering, baseline, columns, pinned],
  ];
}

type CompareTableParts = ReturnType<typeof brushedTable>;

/** What a chart is made of. */
export function chartKeys([state, view, table, theme]: readonly [
  CompareState,
  CompareView,
  CompareTableParts,
  Theme,
]): readonly unknown[] {
  const { hidden, picked, asDifference, overSeeds, baseline } = view;
  const { runs, curves } = state;
  return [runs, curves, table, hidden, picked, asDifference, overSeeds, baseline, theme];
}

function tableViewOf(state: CompareState, view: CompareView): TableView {
  const usual = rankingOf(state);
  const { metric = usual.metric, ...rest } = view;
  const goal = metric === usual.metric ? usual.goal : usualGoal(metric);
  return { ...rest, ranking: { metric, goal } };
}

/** The table of a view without brushes: its columns, and the rows that the filter leaves, sorted. */
export function rowsTable(state: CompareState, view: CompareView) {
  const table = tableViewOf(state, view);
  const offered = offeredColumns(state, table);
  const columns = offered.filter(({ isShown }) => isShown);
  return { offered, columns, candidates: rowsOf(state, table), ranking: table.ranking };
}

const noPlan: ParallelPlan = { axes: [], varying: 0, places: new Float32Array() };

/**
 * The same with what lies within its brushes.
 *
 * @param isComplete whether the metric is known of all runs; before, there are no axes
 */
export function brushedTable(
  table: ReturnType<typeof rowsTable>,
  brushes: Brushes,
  isComplete: boolean,
) {
  const { candidates, columns, ranking } = table;
  const plan = isComplete ? parallelPlan(candidates, columns, `last ${ranking.metric}`) : noPlan;
  // Of an axis that is not shown nobody sees the brush.
  const seen = new Map(
    plan.axes.flatMap(({ key }) => (brushes.has(key) ? [[key, brushes.get(key)!]] : [])),
  );
  const rows = brushedRows(candidates, seen);
  return { ...table, plan, brushes: seen, rows };
}

export function styleAt(index: number, theme: Theme): LineStyle {
  const colors = theme.curves;
  return {
    color: colors[index % colors.length]!,
    // Each round of the colours has another dash.
    dash: dashes[(index + Math.floor(index / colors.length)) % dashes.length]!,
  };
}

export function chartLines(
  state: CompareState,
  view: CompareView,
  { rows, ranking }: CompareTableParts,
  theme: Theme,
): readonly ChartLine[] {
  const shown = new Set(
    rows.map(({ run }) => run.directory).filter((directory) => !view.hidden.has(directory)),
  );
  const curveOf = (directory: string) => state.curves.get(directory)?.series.get(ranking.metric);
  const baseline = view.asDifference ? curveOf(view.baseline ?? '') : undefined;
  return state.runs.flatMap(({ directory, name }, k) => {
    const curve = shown.has(directory) ? curveOf(directory) : undefined;
    if (!curve) return [];
    const series = baseline ? differenceTo(baseline, curve) : curve;
    const isPicked = view.picked.includes(directory);
    return [{ key: directory, label: name, series, isPicked, ...styleAt(k, theme) }];
  });
}

export function chartBands(
  state: CompareState,
  view: CompareView,
  { rows, ranking }: CompareTableParts,
  theme: Theme,
): { readonly bands: readonly ChartBand[]; readonly groups: readonly GroupRow[] } {
  if (!view.overSeeds) return { bands: [], groups: [] };
  const shown = rows.map(({ run }) => run).filter(({ directory }) => !view.hidden.has(directory));
  const curveOf = (directory: string) => state.curves.get(directory)?.series.get(ranking.metric);
  const baseline = view.asDifference ? curveOf(view.baseline ?? '') : undefined;
  const made = seedGroups(shown).map((group, k) => {
    const curves = group.runs.flatMap(({ directory }): Series[] => {
      const curve = curveOf(directory);
      return curve ? [baseline ? differenceTo(baseline, curve) : curve] : [];
    });
    const ends = curves.flatMap(({ firstStep, lastStep }) => [firstStep ?? 0, lastStep ?? 0]);
    const [from, to] = [Math.min(...ends), Math.max(...ends)];
    const style = styleAt(k, theme);
    const values = group.runs.flatMap(({ directory, hasDiverged }) => {
      const value = state.curves.get(directory)?.ends[ranking.metric]?.last.value;
      return value !== undefined && Number.isFinite(value) && !hasDiverged ? [value] : [];
    });
    const band = curves.length === 0 ? [] : [bandOf(curves, from, to, bandSteps)];
    return {
      bands: band.map((each): ChartBand => ({ label: group.label, band: each, ...style })),
      row: { group, style, values } satisfies GroupRow,
    };
  });
  const meanOf = ({ values }: GroupRow) =>
    values.length === 0
      ? Number.POSITIVE_INFINITY
      : (ranking.goal === 'minimize' ? 1 : -1) *
        (values.reduce((sum, value) => sum + value, 0) / values.length);
  return {
    bands: made.flatMap(({ bands }) => bands),
    groups: made.map(({ row }) => row).sort((a, b) => meanOf(a) - meanOf(b)),
  };
}

/** The last value of a metric of each run that has a rank: finite, and of a training that did not fail. */
export function rankedValues(
  runs: readonly ComparedRun[],
  curves: CompareState['curves'],
  metric: string,
): ReadonlyMap<string, number> {
  return new Map(
    runs.flatMap(({ directory, hasDiverged }) => {
      const value = curves.get(directory)?.ends[metric]?.last.value;
      const isRanked = value !== undefined && Number.isFinite(value) && !hasDiverged;
      return isRanked ? [[directory, value] as const] : [];
    }),
  );
}
