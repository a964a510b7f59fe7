import type { MetricInfo } from '../../protocol/run';
import type { PanelState } from '../store/panel-state';
import { smoothingPosition, smoothingWeight } from '../store/smoothed-values';
import { CheckBox, PushButton } from '../toolkit';
import { Chart, type StepRange } from './chart';
import { element, setAttribute, setText, showFill } from './element';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';

/** Between two charts, and above and below all of them, in CSS pixels; the style sheet has the same. */
const chartGap = 16;
const besidesCharts = 108;

/** What the curves ask of the page. */
export interface CurvesHost {
  redraw(): void;
  setSmoothing(weight: number): void;
  setLogScale(logScale: boolean): void;
  copy(text: string): void;
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
  readonly #charts = element('div', { class: 'charts' });
  readonly #empty = element('p', { class: 'empty' });
  readonly #metrics = new Memo();
  #all: Chart[] = [];
  #zoom: StepRange | undefined;
  /** The step under the pointer. */
  #pointed: number | undefined;

  constructor(host: CurvesHost) {
    this.#host = host;
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
      this.#empty,
      this.#charts,
    );
    new ResizeObserver(() => host.redraw()).observe(this.#charts);
  }

  render({ panel, navigation, theme }: PanelModel): void {
    const { metrics } = panel.manifest;
    if (this.#metrics.changed(panel.runDirectory, metrics.map(({ name }) => name).join('\n'))) {
      this.#makeCharts(metrics);
    }
    const { smoothing, logScale, step } = navigation;
    const position = String(Math.round(100 * smoothingPosition(smoothing)) / 100);
    if (this.#smoothing.value !== position) this.#smoothing.value = position;
    showFill(this.#smoothing);
    const weight = smoothing === 0 ? 'off' : smoothing.toFixed(smoothing < 0.99 ? 2 : 3);
    setText(this.#weight, weight);
    setAttribute(this.#smoothing, 'aria-valuetext', weight);
    this.#logScale.isChecked = logScale;
    this.#resetZoom.root.classList.toggle('blank', this.#zoom === undefined);
    this.#resetZoom.isEnabled = this.#zoom !== undefined;

    const series = [...panel.series.values()].filter(({ length }) => length > 0);
    const hasCurves = series.length > 0;
    this.#empty.hidden = hasCurves;
    this.#charts.hidden = !hasCurves;
    setText(this.#empty, emptyText(panel));
    if (!hasCurves) return;

    const first = Math.min(...series.map(({ firstStep }) => firstStep ?? 0));
    const last = Math.max(...series.map(({ lastStep }) => lastStep ?? 0));
    const range = this.#zoom ?? [first, Math.max(last, first + 1)];
    const width = this.#charts.clientWidth;
    if (width === 0) return;
    const height = this.#plotHeight();
    for (const chart of this.#all) {
      chart.draw(
        {
          series: panel.series,
          overviews: panel.overviews,
          range,
          isZoomed: this.#zoom !== undefined,
          smoothing,
          logScale,
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
  #plotHeight(): number {
    const views = this.root.parentElement;
    const frames = this.#all.reduce((sum, chart) => sum + chart.frameHeight + chartGap, 0);
    const free = (views?.clientHeight ?? 0) - besidesCharts - frames;
    return Math.round(Math.min(220, Math.max(130, free / Math.max(1, this.#all.length))));
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
    };
    this.#all = [...groups].map(([group, members]) => new Chart(group, members, host));
    this.#charts.replaceChildren(...this.#all.map(({ root }) => root));
    this.#zoom = undefined;
  }

  #setZoom(range: StepRange | undefined): void {
    this.#zoom = range;
    this.#host.redraw();
  }
}

function emptyText({ state, isComplete }: PanelState): string {
  if (state.status === 'starting') return 'Curves appear with the first training step.';
  return isComplete ? 'This run has recorded no values yet.' : 'Loading the curves …';
}
