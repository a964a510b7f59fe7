import type { RunClock, SavedKind } from '../../protocol/panel';
import type { JsonObject, MetricInfo } from '../../protocol/run';
import { type CurveAxis, samplesAxis, stepAxis, timeAxis } from '../store/curve-axis';
import type { CurveAxisKind } from '../store/navigation';
import type { PanelState } from '../store/panel-state';
import { marksText, type RunMark, runMarks } from '../store/run-marks';
import { smoothingPosition, smoothingWeight } from '../store/smoothed-values';
import { CheckBox, DropDown, PushButton } from '../toolkit';
import { Chart, type StepRange } from './chart';
import { element, setAttribute, setText, showFill } from './element';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';

/** Between two charts, and above and below all of them, in CSS pixels; the style sheet has the same. */
const chartGap = 16;
const besidesCharts = 156;
/** A clock is asked for again no sooner, in milliseconds. */
const clockMs = 1000;

/** What the curves ask of the page. */
export interface CurvesHost {
  redraw(): void;
  setSmoothing(weight: number): void;
  setLogScale(logScale: boolean): void;
  setAxis(axis: CurveAxisKind): void;
  /** Asks when steps were recorded; rejects where that cannot be told. */
  fetchClock(): Promise<RunClock>;
  copy(text: string): void;
  save(name: string, kind: SavedKind, text: string): void;
}

/** All curves of the run, a chart for each group, over one common axis of steps. */
export class Curves {
  readonly root: HTMLElement;
  readonly #host: CurvesHost;
  readonly #smoothing = element('input', {
    type: 'range',
    min: '0',
    max: '1',
    step: '0.01',
    class: 'slider',
    id: 'smoothing',
  });
  readonly #weight = element('output', { class: 'smoothing-weight', for: 'smoothing' });
  readonly #logScale: CheckBox;
  readonly #resetZoom: PushButton;
  readonly #filter = element('input', {
    type: 'search',
    class: 'filter',
    placeholder: 'Filter',
    'aria-label': 'Filter curves by name',
  });
  readonly #axisHolder = element('span', { class: 'axis-pickers' });
  readonly #marksLine = element('p', { class: 'pane-note curve-marks', 'data-testid': 'marks' });
  readonly #charts = element('div', { class: 'charts' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #metrics = new Memo();
  #all: Chart[] = [];
  #axisChoice: { readonly kinds: readonly CurveAxisKind[]; readonly box: DropDown } | undefined;
  readonly #clock: ClockWatch;
  readonly #marking = new Memo();
  #marks: readonly RunMark[] = [];
  #zoom: StepRange | undefined;
  /** The step under the pointer. */
  #pointed: number | undefined;

  constructor(host: CurvesHost) {
    this.#host = host;
    this.#clock = new ClockWatch(() => host.fetchClock(), host.redraw);
    this.#filter.addEventListener('input', () => host.redraw());
    this.#smoothing.addEventListener('input', () => {
      host.setSmoothing(smoothingWeight(Number(this.#smoothing.value)));
    });
    this.#logScale = new CheckBox('Log scale', (checked) => host.setLogScale(checked));
    this.#resetZoom = new PushButton({
      label: 'Reset Zoom',
      appearance: 'secondary',
      press: () => this.#setZoom(undefined),
    });
    this.#resetZoom.root.classList.add('reset-zoom');
    this.root = element(
      'section',
      { class: 'pane curves', 'aria-label': 'Curves' },
      element('div', { class: 'pane-head' }, element('h2', {}, 'Curves'), this.#resetZoom.root),
      element(
        'div',
        { class: 'curve-options' },
        element('label', { for: 'smoothing' }, 'Smoothing'),
        this.#smoothing,
        this.#weight,
        this.#logScale.root,
      ),
      element('div', { class: 'curve-options' }, this.#filter, this.#axisHolder),
      this.#marksLine,
      this.#empty,
      this.#charts,
    );
    new ResizeObserver(() => host.redraw()).observe(this.#charts);
  }

  render({ panel, navigation, theme }: PanelModel): void {
    const { metrics, config } = panel.manifest;
    if (this.#metrics.changed(panel.runDirectory, metrics.map(({ name }) => name).join('\n'))) {
      this.#makeCharts(metrics);
      this.#makeAxes(metrics, batchSizeOf(config));
      this.#clock.forget();
    }
    const { smoothing, logScale, step, curveAxis } = navigation;
    const position = String(Math.round(100 * smoothingPosition(smoothing)) / 100);
    if (this.#smoothing.value !== position) this.#smoothing.value = position;
    showFill(this.#smoothing);
    const weight = smoothing === 0 ? 'off' : smoothing.toFixed(smoothing < 0.99 ? 2 : 3);
    setText(this.#weight, weight);
    setAttribute(this.#smoothing, 'aria-valuetext', weight);
    this.#logScale.isChecked = logScale;
    this.#resetZoom.root.classList.toggle('blank', this.#zoom === undefined);
    this.#resetZoom.isEnabled = this.#zoom !== undefined;

    const { checkpointSteps, state } = panel;
    if (this.#marking.changed(panel.manifest, state.problem, state.status, checkpointSteps)) {
      this.#marks = runMarks(panel);
      setText(this.#marksLine, marksText(this.#marks, checkpointSteps));
      this.#marksLine.hidden = this.#marksLine.textContent === '';
    }
    const series = [...panel.series.values()].filter(({ length }) => length > 0);
    const hasCurves = series.length > 0;
    this.#empty.hidden = hasCurves;
    this.#charts.hidden = !hasCurves;
    setText(this.#empty, emptyText(panel));
    if (!hasCurves) return;

    this.#axisChoice!.box.index = Math.max(0, this.#axisChoice!.kinds.indexOf(curveAxis));
    const first = Math.min(...series.map(({ firstStep }) => firstStep ?? 0));
    const last = Math.max(...series.map(({ lastStep }) => lastStep ?? 0));
    const range = this.#zoom ?? [first, Math.max(last, first + 1)];
    const width = this.#charts.clientWidth;
    if (width === 0) return;
    const axis = this.#axis(curveAxis, batchSizeOf(config), last);
    const against = metrics.find(({ name }) => curveAxis === `metric:${name}`);
    const filter = this.#filter.value;
    const shown = this.#all.filter((chart) => chart.isMeant(filter));
    this.#empty.hidden = shown.length > 0;
    setText(this.#empty, 'No curve has this in its name.');
    const height = this.#plotHeight(shown);
    for (const chart of shown) {
      chart.draw(
        {
          series: panel.series,
          overviews: panel.overviews,
          range,
          isZoomed: this.#zoom !== undefined,
          smoothing,
          logScale,
          axis,
          against,
          filter,
          marks: this.#marks,
          checkpoints: checkpointSteps,
          runDirectory: panel.runDirectory,
          marker: step,
          theme,
        },
        width,
        height,
      );
      chart.showValues(this.#pointed ?? step);
    }
  }

  /** As high as shows all charts at once, where the window allows it. */
  #plotHeight(shown: readonly Chart[]): number {
    const views = this.root.parentElement;
    const frames = shown.reduce((sum, chart) => sum + chart.frameHeight + chartGap, 0);
    const free = (views?.clientHeight ?? 0) - besidesCharts - frames;
    return Math.round(Math.min(220, Math.max(130, free / Math.max(1, shown.length))));
  }

  #makeCharts(metrics: readonly MetricInfo[]): void {
    for (const chart of this.#all) chart.dispose();
    const groups = new Map<string, MetricInfo[]>();
    for (const metric of metrics) {
      groups.set(metric.group, [...(groups.get(metric.group) ?? []), metric]);
    }
    const host = {
      zoom: (range: StepRange | undefined) => this.#setZoom(range),
      point: (step: number | undefined) => {
        this.#pointed = step;
        this.#host.redraw();
      },
      copy: (text: string) => this.#host.copy(text),
      save: (name: string, kind: SavedKind, text: string) => this.#host.save(name, kind, text),
    };
    this.#all = [...groups].map(([group, members]) => new Chart(group, members, host));
    this.#charts.replaceChildren(...this.#all.map(({ root }) => root));
    this.#zoom = undefined;
  }

  #makeAxes(metrics: readonly MetricInfo[], batchSize: number | undefined): void {
    const axes: [CurveAxisKind, string][] = [
      ['step', 'By step'],
      ['time', 'By time'],
      ...(batchSize === undefined
        ? []
        : [['samples', 'By samples seen'] as [CurveAxisKind, string]]),
      ...metrics
        .filter(({ errorOf }) => errorOf === undefined)
        .map(({ name, label }): [CurveAxisKind, string] => [`metric:${name}`, `By ${label}`]),
    ];
    const kinds = axes.map(([kind]) => kind);
    const names = axes.map(([, name]) => name);
    const box = new DropDown('Horizontal axis of curves', names, (at) =>
      this.#host.setAxis(kinds[at] ?? 'step'),
    );
    this.#axisChoice = { kinds, box };
    this.#axisHolder.replaceChildren(box.root);
  }

  /** The axis that is wished for; steps where it cannot be told (yet). */
  #axis(kind: CurveAxisKind, batchSize: number | undefined, last: number): CurveAxis {
    if (kind === 'samples' && batchSize !== undefined) return samplesAxis(batchSize);
    if (kind !== 'time') return stepAxis;
    return this.#clock.axis(last) ?? stepAxis;
  }

  #setZoom(range: StepRange | undefined): void {
    this.#zoom = range;
    this.#host.redraw();
  }
}

/** Keeps the clock of a run, and asks for it again as the run goes on. */
class ClockWatch {
  readonly #fetch: () => Promise<RunClock>;
  readonly #redraw: () => void;
  #axis: CurveAxis | undefined;
  /** The step that the last answer was asked for. */
  #asked = -1;
  #isAsking = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Counts runs: an answer about another one is not shown. */
  #run = 0;

  constructor(fetch: () => Promise<RunClock>, redraw: () => void) {
    this.#fetch = fetch;
    this.#redraw = redraw;
  }

  /** Another run, or other metrics. */
  forget(): void {
    this.#run += 1;
    this.#axis = undefined;
    this.#asked = -1;
    this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  /** The newest axis known; asks for a newer one where the curves have come further than `last`. */
  axis(last: number): CurveAxis | undefined {
    const isDue = last > this.#asked && performance.now() - this.#askedAt >= clockMs;
    if (isDue && !this.#isAsking) this.#ask(last);
    return this.#axis;
  }

  #ask(last: number): void {
    const run = this.#run;
    this.#isAsking = true;
    this.#askedAt = performance.now();
    const settle = (axis: CurveAxis | undefined) => {
      this.#isAsking = false;
      if (run !== this.#run) return;
      this.#axis = axis ?? this.#axis;
      // What is not on disk yet is asked for again.
      this.#asked = axis && !Number.isNaN(axis.at(last)) ? last : this.#asked;
      this.#redraw();
      window.setTimeout(this.#redraw, clockMs);
    };
    // Where there is no clock the curves go on over steps, and their axis says so.
    this.#fetch().then(
      (clock) => settle(timeAxis(clock)),
      () => settle(undefined),
    );
  }
}

/** Rows of data a step, where the run says it. */
function batchSizeOf(config: JsonObject): number | undefined {
  const { batchSize } = config;
  return typeof batchSize === 'number' && batchSize > 0 ? batchSize : undefined;
}

function emptyText({ state, isComplete }: PanelState): string {
  if (state.status === 'starting') return 'Curves appear with the first training step.';
  return isComplete ? 'This run has recorded no values yet.' : 'Loading the curves …';
}
