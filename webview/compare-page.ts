import type {
  CompareAction,
  ComparedRun,
  CompareHostSide,
  ComparePageSide,
  ComparePersistedState,
} from '../protocol/compare';
import { problemOf } from '../protocol/problem';
import { formatCount } from '../vocabulary/quantities';
import { usualGoal } from '../vocabulary/ranking';
import {
  brushedTable,
  type CompareView,
  chartBands,
  chartKeys,
  chartLines,
  rankedValues,
  rowsTable,
  startOfView,
  styleAt,
  tableKeys,
} from './compare-view';
import { FrameScheduler } from './frame-scheduler';
import type { Host } from './host';
import { keptChoices } from './store/compare-kept';
import { type columnsOf, type rowsOf, rowsToCsv } from './store/compare-rows';
import {
  type ComparedMetric,
  type CompareState,
  comparedMetrics,
  fromCompareSnapshot,
  withCompareUpdate,
} from './store/compare-state';
import { readTheme, showTheme, type Theme, watchTheme } from './theme';
import { CheckBox, DropDown, PushButton } from './toolkit';
import { CompareChart } from './views/compare-chart';
import { CompareColumns } from './views/compare-columns';
import { CompareDifferences } from './views/compare-differences';
import { CompareGrid } from './views/compare-grid';
import { CompareGroups } from './views/compare-groups';
import { CompareParallel } from './views/compare-parallel';
import { ComparePreviews } from './views/compare-previews';
import { CompareTable, type LineStyle } from './views/compare-table';
import { element, icon, setText } from './views/element';
import { Memo, memoized } from './views/memo';
import { Notice } from './views/notice';
import type { ChartBand, ChartLine } from './views/painted-curves';

/** The same each time: a chart is drawn again where these are others. */
const noBands: readonly ChartBand[] = [];
const noLines: readonly ChartLine[] = [];

/** The page that compares runs: holds the state and hands it to the views, once a frame. */
export class ComparePage {
  readonly root: HTMLElement;
  readonly #host: Host<ComparePageSide, CompareHostSide>;
  readonly #frames = new FrameScheduler(() => this.#render());
  readonly #title = element('h1', { class: 'run-name' });
  readonly #progress = element('span', { class: 'pane-note', role: 'status' });
  readonly #problems = element('ul', { class: 'warnings', 'data-testid': 'warnings' });
  readonly #chart: CompareChart;
  readonly #metricHolder = element('span');
  readonly #logScale: CheckBox;
  readonly #overSeeds: CheckBox;
  readonly #asDifference: CheckBox;
  readonly #onlyDiffering: CheckBox;
  readonly #filter = element('input', {
    type: 'search',
    class: 'compare-filter',
    placeholder: 'Filter: a name, a status, path=value',
    'aria-label': 'Filter runs',
  });
  readonly #count = element('span', { class: 'pane-note', 'data-testid': 'compare-count' });
  readonly #thinned = element('span', { class: 'pane-note' });
  readonly #columns: CompareColumns;
  readonly #table: CompareTable;
  readonly #parallel: CompareParallel;
  readonly #grid: CompareGrid;
  readonly #groups = new CompareGroups((picked) => this.#change({ picked }));
  readonly #previews: ComparePreviews;
  readonly #differences: CompareDifferences;
  readonly #notice = new Notice();
  readonly #metrics = new Memo();
  #metricPicker: DropDown | undefined;
  #metricNames: readonly ComparedMetric[] = [];
  #state: CompareState | undefined;
  #view = startOfView;
  #theme = readTheme();
  /** What was made of state and view, kept while these are the same. */
  readonly #rowsTable = memoized(rowsTable, ([state, view]) => tableKeys(state, view));
  readonly #brushed = memoized(brushedTable);
  readonly #within = memoized(
    (rows: ReturnType<typeof rowsOf>) => new Set(rows.map(({ run }) => run.directory)),
  );
  readonly #shown = memoized((rows: ReturnType<typeof rowsOf>, hidden: CompareView['hidden']) =>
    rows.filter(({ run }) => !hidden.has(run.directory)).map(({ run }) => run),
  );
  readonly #ofRuns = memoized((runs: CompareState['runs']) => ({
    metrics: comparedMetrics(runs),
    places: new Map(runs.map(({ directory }, k) => [directory, k])),
    hasSeeds: new Set(runs.map(({ parameters }) => parameters['seed'])).size > 1,
  }));
  readonly #problemsOf = memoized((runs: CompareState['runs'], curves: CompareState['curves']) =>
    runs.flatMap(({ directory, name }) => {
      const problem = curves.get(directory)?.problem;
      return problem === undefined ? [] : [`${name}: ${problem}`];
    }),
  );
  readonly #rankedValues = memoized(rankedValues);
  readonly #isThinned = memoized(
    (runs: readonly ComparedRun[], curves: CompareState['curves'], metric: string) =>
      runs.some(({ directory }) => curves.get(directory)?.thinned.has(metric)),
  );
  readonly #lines = memoized(chartLines, chartKeys);
  readonly #bands = memoized(chartBands, chartKeys);

  constructor(host: Host<ComparePageSide, CompareHostSide>) {
    this.#host = host;
    const { columns, pinned } = keptChoices(host.storedState);
    this.#view = { ...startOfView, columns, pinned: new Set(pinned) };
    const change = (view: Partial<CompareView>) => this.#change(view);
    this.#chart = new CompareChart(
      (directory) => this.#pickAndReveal(directory, false),
      this.#frames.request,
    );
    this.#logScale = new CheckBox('Log scale', (logScale) => change({ logScale }));
    this.#overSeeds = new CheckBox('Mean over seeds', (overSeeds) => change({ overSeeds }));
    this.#asDifference = new CheckBox('Difference to baseline', (asDifference) =>
      change({ asDifference }),
    );
    this.#onlyDiffering = new CheckBox('Only what differs', (onlyDiffering) =>
      change({ onlyDiffering }),
    );
    this.#filter.addEventListener('input', () => change({ filter: this.#filter.value }));
    this.#columns = new CompareColumns({
      show: (key, isShown) => {
        change({ columns: { ...this.#view.columns, [key]: isShown } });
        this.#keep();
      },
      reset: () => {
        change({ columns: {} });
        this.#keep();
      },
    });
    this.#table = new CompareTable({
      sort: (key) => this.#sort(key),
      pick: (directory, isAdded) => this.#pick(directory, isAdded),
      setHidden: (directory, isHidden) =>
        change({ hidden: withOrWithout(this.#view.hidden, directory, isHidden) }),
      setBaseline: (baseline) => change({ baseline }),
      setPinned: (directory, isPinned) => {
        this.#change({ pinned: withOrWithout(this.#view.pinned, directory, isPinned) });
        this.#keep();
      },
      act: (action, directory) => this.#act(action, [directory]),
    });
    this.#parallel = new CompareParallel({
      redraw: this.#frames.request,
      pick: (directory, isAdded) => this.#pickAndReveal(directory, isAdded),
      brushOf: (key) => this.#view.brushes.get(key),
      brush: (key, brush) => {
        const brushes = new Map(this.#view.brushes);
        if (brush) brushes.set(key, brush);
        else brushes.delete(key);
        change({ brushes });
      },
      clear: () => change({ brushes: new Map() }),
    });
    this.#grid = new CompareGrid({
      fetch: (directory, step) => host.peer.request('preview', { directory, step }),
      redraw: this.#frames.request,
      choose: (gridAxes) => change({ gridAxes }),
      pick: (directory, isAdded) => this.#pickAndReveal(directory, isAdded),
    });
    this.#previews = new ComparePreviews({
      fetch: (directory, step) => host.peer.request('preview', { directory, step }),
      fetchClock: (directory) => host.peer.request('clock', { directory }),
      redraw: this.#frames.request,
      look: (look) => change({ look: { ...this.#view.look, ...look } }),
      pick: (directory, isAdded) => this.#pickAndReveal(directory, isAdded),
    });
    this.#differences = new CompareDifferences((action, directories) =>
      this.#act(action, directories),
    );
    const copy = new PushButton({
      label: 'Copy table as CSV',
      appearance: 'icon',
      icon: icon('copy'),
      press: () => this.#copy(),
    });
    this.root = element(
      'div',
      { class: 'page compare' },
      element('header', { class: 'compare-header' }, this.#title, this.#progress),
      this.#problems,
      element(
        'main',
        { class: 'compare-views' },
        element(
          'section',
          { class: 'pane', 'aria-label': 'Curves' },
          element(
            'div',
            { class: 'pane-head compare-options' },
            element('h2', {}, 'Curves'),
            this.#metricHolder,
            this.#logScale.root,
            this.#overSeeds.root,
            this.#asDifference.root,
            this.#chart.note,
            this.#thinned,
          ),
          this.#chart.root,
          this.#groups.root,
        ),
        element(
          'section',
          { class: 'pane', 'aria-label': 'Runs' },
          element(
            'div',
            { class: 'pane-head compare-options' },
            element('h2', {}, 'Runs'),
            this.#count,
            this.#filter,
            this.#onlyDiffering.root,
            this.#columns.root,
            copy.root,
          ),
          this.#table.root,
        ),
        this.#differences.root,
        this.#parallel.root,
        this.#previews.root,
        this.#grid.root,
      ),
      this.#notice.root,
    );
    this.#problems.hidden = true;
    setText(this.#title, 'Opening the runs …');
    showTheme(this.root, this.#theme);
    watchTheme(() => {
      this.#theme = readTheme();
      showTheme(this.root, this.#theme);
      this.#frames.request();
    });
    window.addEventListener('resize', this.#frames.request);
    this.#listen();
  }

  /** Shows a line about something that failed. */
  tell(text: string): void {
    this.#notice.show(text);
  }

  #listen(): void {
    const { peer } = this.#host;
    peer.handle('snapshot', (snapshot) => {
      this.#state = fromCompareSnapshot(snapshot);
      this.#keep();
      this.#frames.request();
      return null;
    });
    peer.handle('update', (update) => {
      if (this.#state) this.#state = withCompareUpdate(this.#state, update);
      this.#frames.request();
      return null;
    });
    peer.onClose((reason) => {
      this.tell(`The connection to the editor broke${reason ? `: ${reason.message}` : '.'}`);
    });
  }

  /** Keeps for a later life of the page what that is to begin with. */
  #keep(): void {
    if (!this.#state) return;
    const { title, directories } = this.#state;
    const { columns, pinned } = this.#view;
    const kept: ComparePersistedState = {
      ...{ version: 1, title, directories, columns },
      pinned: [...pinned],
    };
    this.#host.store(kept);
  }

  #change(view: Partial<CompareView>): void {
    this.#view = { ...this.#view, ...view };
    this.#frames.request();
  }

  #pick(directory: string, isAdded: boolean): void {
    const { picked } = this.#view;
    const isPicked = picked.includes(directory);
    if (isAdded) {
      const others = picked.filter((each) => each !== directory);
      this.#change({ picked: isPicked ? others : [...others, directory] });
    } else {
      this.#change({ picked: isPicked && picked.length === 1 ? [] : [directory] });
    }
  }

  /** Picks a run elsewhere than in the table, which then shows it. */
  #pickAndReveal(directory: string, isAdded: boolean): void {
    this.#pick(directory, isAdded);
    this.#table.reveal(directory);
  }

  /** A column's button sorts by it, then the other way round, then as ranked again. */
  #sort(key: string): void {
    const { sort } = this.#view;
    if (sort?.key !== key) this.#change({ sort: { key, isDescending: false } });
    else if (!sort.isDescending) this.#change({ sort: { key, isDescending: true } });
    else this.#change({ sort: undefined });
  }

  #act(action: CompareAction, directories: readonly string[]): void {
    this.#host.peer.request('act', { action, directories }).catch((thrown: unknown) => {
      const { message, remedy } = problemOf(thrown);
      this.tell(remedy ? `${message} ${remedy}` : message);
    });
  }

  #copy(): void {
    if (!this.#state) return;
    const { rows, columns } = this.#brushed(
      this.#rowsTable(this.#state, this.#view),
      this.#view.brushes,
      this.#state.isComplete,
    );
    navigator.clipboard.writeText(rowsToCsv(rows, columns)).catch((thrown: unknown) => {
      this.tell(`The table could not be copied: ${problemOf(thrown).message}`);
    });
  }

  #render(): void {
    const state = this.#state;
    if (!state) return;
    const { runs, directories, curves, isComplete } = state;
    const view = this.#view;
    const theme = this.#theme;
    setText(this.#title, state.title);
    const read = formatCount(curves.size);
    setText(this.#progress, isComplete ? '' : `reading the curves: ${read} of ${runs.length} …`);
    this.#tellProblems(state, directories.length - runs.length);
    this.#offerMetrics(state);
    const table = this.#brushed(this.#rowsTable(state, view), view.brushes, isComplete);
    const { columns, offered, rows, ranking } = table;
    this.#columns.render(offered);
    const at = this.#metricNames.findIndex(({ name }) => name === ranking.metric);
    if (this.#metricPicker && at >= 0) this.#metricPicker.index = at;
    this.#logScale.isChecked = view.logScale;
    this.#overSeeds.isChecked = view.overSeeds;
    this.#asDifference.isChecked = view.asDifference;
    this.#asDifference.root.hidden = view.baseline === undefined;
    this.#onlyDiffering.isChecked = view.onlyDiffering;
    const { places, hasSeeds } = this.#ofRuns(runs);
    this.#overSeeds.root.hidden = !hasSeeds;
    const shown = this.#shown(rows, view.hidden);
    setText(
      this.#count,
      rows.length === runs.length ? formatCount(runs.length) : `${rows.length} of ${runs.length}`,
    );
    const label = this.#metricNames[at]?.label ?? ranking.metric;
    const unit = this.#metricNames[at]?.unit;
    const styleOf = (directory: string): LineStyle => styleAt(places.get(directory) ?? 0, theme);
    const isOver = hasSeeds && view.overSeeds;
    const lines = isOver ? noLines : this.#lines(state, view, table, theme);
    const { bands, groups } = this.#bands(state, view, table, theme);
    this.#groups.root.hidden = !isOver;
    if (isOver) this.#groups.render(label, groups);
    const isThinned = this.#isThinned(shown, curves, ranking.metric);
    setText(
      this.#thinned,
      isThinned
        ? isOver
          ? 'means of the extremes of stretches: not all points are loaded'
          : 'drawn by the extremes of stretches'
        : '',
    );
    this.#chart.draw(
      this.#chartView(lines, isOver ? bands : noBands, {
        title: unit ? `${label} (${unit})` : label,
        logScale: view.logScale,
        marker: view.look.by === 'step' ? view.look.place : undefined,
        theme,
      }),
    );
    this.#table.render(
      this.#tableView(columns, rows, view, theme, styleOf, {
        key: view.sort?.key ?? `last ${ranking.metric}`,
        isDescending: view.sort?.isDescending ?? ranking.goal === 'maximize',
      }),
    );
    this.#parallel.render({
      plan: table.plan,
      rows: table.candidates,
      within: this.#within(rows),
      hidden: view.hidden,
      picked: view.picked,
      brushes: table.brushes,
      styleOf,
      theme,
    });
    const picked = view.picked.flatMap((each) => runs.find((run) => run.directory === each) ?? []);
    const baseline = runs.find(({ directory }) => directory === view.baseline);
    const [only] = picked;
    const pair = picked.length === 1 && baseline && only !== baseline ? [baseline, only!] : picked;
    this.#differences.render(pair);
    if (isComplete) {
      this.#grid.render({
        runs: shown,
        picked: view.picked,
        axes: view.gridAxes,
        label,
        goal: ranking.goal,
        values: this.#rankedValues(shown, curves, ranking.metric),
        theme,
      });
    }
    const matched = view.look.metric ?? ranking.metric;
    this.#previews.render({
      runs: shown,
      picked: view.picked,
      pair,
      look: view.look,
      metric: matched,
      goal: matched === ranking.metric ? ranking.goal : usualGoal(matched),
      metrics: this.#metricNames,
      curveOf: (directory) => curves.get(directory)?.series.get(matched),
      styleOf,
      theme,
    });
  }

  readonly #chartView = memoized(
    (
      lines: readonly ChartLine[],
      bands: readonly ChartBand[],
      rest: {
        readonly title: string;
        readonly logScale: boolean;
        readonly marker: number | undefined;
        readonly theme: Theme;
      },
    ) => ({ lines, bands, ...rest }),
    ([lines, bands, { title, logScale, marker, theme }]) => [
      lines,
      bands,
      title,
      logScale,
      marker,
      theme,
    ],
  );

  readonly #tableView = memoized(
    (
      columns: ReturnType<typeof columnsOf>,
      rows: ReturnType<typeof rowsOf>,
      { hidden, picked, pinned, baseline }: CompareView,
      _theme: Theme,
      styleOf: (directory: string) => LineStyle,
      sort: { readonly key: string; readonly isDescending: boolean },
    ) => ({ columns, rows, hidden, picked, pinned, baseline, styleOf, sort }),
    ([columns, rows, { hidden, picked, pinned, baseline }, theme, , { key, isDescending }]) => [
      ...[columns, rows, hidden, picked, pinned, baseline, theme, key, isDescending],
    ],
  );

  #tellProblems({ curves, runs }: CompareState, missing: number): void {
    const told = [...this.#problemsOf(runs, curves)];
    if (missing > 0) {
      told.push(`${formatCount(missing)} of the runs are gone: they were archived or deleted.`);
    }
    this.#problems.hidden = told.length === 0;
    setText(this.#problems, '');
    this.#problems.replaceChildren(...told.slice(0, 5).map((text) => element('li', {}, text)));
  }

  #offerMetrics({ runs }: CompareState): void {
    const { metrics } = this.#ofRuns(runs);
    if (!this.#metrics.changed(metrics.map(({ name }) => name).join('\n'))) return;
    this.#metricNames = metrics;
    const labels = metrics.map(({ label }) => label);
    this.#metricPicker = new DropDown('Metric', labels, (index) => {
      this.#change({ metric: metrics[index]?.name });
    });
    this.#metricHolder.replaceChildren(this.#metricPicker.root);
  }
}

function withOrWithout(set: ReadonlySet<string>, member: string, isIn: boolean): Set<string> {
  const changed = new Set(set);
  if (isIn) changed.add(member);
  else changed.delete(member);
  return changed;
}
