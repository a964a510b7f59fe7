import uPlot from 'uplot';
import { errorName, type MetricInfo } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { seriesToCsv } from '../store/csv';
import { type Curve, decimate } from '../store/decimate';
import { formatMeasured, formatStepTick, formatTick, formatValue } from '../store/number-format';
import { Series } from '../store/series';
import { SmoothedValues } from '../store/smoothed-values';
import type { Theme } from '../theme';
import { PushButton } from '../toolkit';
import { element, icon, LineSwatch, setAttribute, setText } from './element';
import { Memo } from './memo';

/** Steps, both ends included. */
export type StepRange = readonly [number, number];

/** What a {@link Chart} shows. */
export interface ChartView {
  readonly series: ReadonlyMap<string, Series>;
  /** Those of them that are seen from afar only, while their points are being read. */
  readonly overviews: ReadonlyMap<string, Series>;
  /** The steps on the horizontal axis, the same for all charts. */
  readonly range: StepRange;
  readonly isZoomed: boolean;
  /** Weight of the moving average, 0 for none. */
  readonly smoothing: number;
  readonly logScale: boolean;
  /** A vertical line at this step. */
  readonly marker: number | undefined;
  readonly theme: Theme;
}

/** What a chart asks of the view that holds it. */
export interface ChartHost {
  /** Shows this range in all charts, or everything again. */
  zoom(range: StepRange | undefined): void;
  /** The pointer stands at a step of one of the charts, or on none. */
  point(step: number | undefined): void;
  /** Puts text on the clipboard. */
  copy(text: string): void;
}

/** Room for the numbers of the vertical axis: the same in all charts, so that steps line up. */
const axisWidth = 58;

/** Dashes that tell curves apart without colour. */
const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

/** A curve's row in the table under the chart: its name and its value in words. */
interface LegendRow {
  readonly metric: MetricInfo;
  /** Whether its error is recorded beside it. */
  readonly isEstimate: boolean;
  readonly swatch: LineSwatch;
  readonly toggle: HTMLButtonElement;
  readonly value: HTMLElement;
  readonly smoothed: HTMLElement;
}

/** A moving average, and what it is of. */
interface Smoothed {
  readonly source: Series;
  readonly cuts: number;
  readonly average: SmoothedValues;
}

/** Curves of one group over the steps, and the table of their values. */
export class Chart {
  readonly root: HTMLElement;
  readonly #host: ChartHost;
  readonly #note = element('span', { class: 'chart-note' });
  readonly #plot = element('div', { class: 'chart-plot', tabindex: '0', role: 'img' });
  readonly #at = element('span', { class: 'chart-at' });
  readonly #rows: readonly LegendRow[];
  readonly #smoothed = new Map<string, Smoothed>();
  readonly #copyButton: PushButton;
  readonly #hidden = new Set<string>();
  readonly #making = new Memo();
  readonly #drawing = new Memo();
  #uplot: uPlot | undefined;
  #view: ChartView | undefined;

  constructor(title: string, metrics: readonly MetricInfo[], host: ChartHost) {
    this.#host = host;
    // Errors stand beside their values; they have no curves of their own.
    this.#rows = metrics
      .filter(({ errorOf }) => errorOf === undefined)
      .map((metric) => {
        const isEstimate = metrics.some(({ errorOf }) => errorOf === metric.name);
        return this.#makeRow(metric, isEstimate);
      });
    this.#copyButton = new PushButton({
      label: `Copy ${title} as CSV`,
      appearance: 'icon',
      icon: icon('copy'),
      press: () => this.#copy(),
    });
    this.root = element(
      'article',
      { class: 'chart', 'aria-label': title },
      element(
        'div',
        { class: 'chart-head' },
        element('h3', {}, title),
        this.#note,
        this.#at,
        this.#copyButton.root,
      ),
      this.#plot,
      element(
        'table',
        { class: 'chart-legend' },
        element('caption', { class: 'visually-hidden' }, `Values of ${title}`),
        element('tbody', {}, ...this.#rows.map((row) => this.#rowElement(row))),
      ),
    );
    setAttribute(this.#plot, 'aria-label', `${title} over training steps`);
    this.#plot.addEventListener('keydown', (event) => this.#onKey(event));
    this.#plot.addEventListener('dblclick', () => this.#host.zoom(undefined));
  }

  /** Shows the values at `step` in the table, or the newest. */
  showValues(step: number | undefined): void {
    const view = this.#view;
    if (!view) return;
    const newest = Math.max(
      ...this.#rows.map(({ metric }) => view.series.get(metric.name)?.lastStep ?? -1),
    );
    const shown = step ?? newest;
    setText(this.#at, shown < 0 ? '' : `step ${formatCount(Math.round(shown))}`);
    for (const { metric, isEstimate, value, smoothed } of this.#rows) {
      const series = view.series.get(metric.name);
      const index = series?.indexUpTo(shown) ?? -1;
      const at = index >= 0 ? series?.values.at(index) : undefined;
      const errors = view.series.get(errorName(metric.name));
      const error = errors?.values.at(errors.indexUpTo(shown));
      setText(value, formatMeasured({ unit: metric.unit, isEstimate }, at, error));
      smoothed.hidden = view.smoothing === 0;
      const average = this.#smoothed.get(metric.name)?.average.values;
      setText(smoothed, `smoothed ${formatValue(index >= 0 ? average?.at(index) : undefined)}`);
    }
  }

  /** What the chart takes besides its plot, in CSS pixels: the title and the rows of the table. */
  get frameHeight(): number {
    return 24 + 21 * this.#rows.length;
  }

  /** Draws a plot of that size in CSS pixels, if anything drawn has changed. */
  draw(view: ChartView, width: number, height: number): void {
    this.#view = view;
    for (const { metric, toggle } of this.#rows) {
      setAttribute(toggle, 'data-points', String(view.series.get(metric.name)?.length ?? 0));
    }
    this.#smooth(view);
    const shown = this.#rows.filter(({ metric }) => !this.#hidden.has(metric.name));
    const scale = this.#scale(view, shown);
    const isOverview = this.#rows.some(({ metric }) => view.overviews.has(metric.name));
    setText(this.#note, isOverview ? 'overview; reading all points …' : scale.note);
    this.#copyButton.isEnabled = !isOverview;
    const hiddenKey = [...this.#hidden].join();
    const hasSmoothing = view.smoothing > 0;
    if (this.#making.changed(view.theme, scale.isLog, hiddenKey, hasSmoothing)) {
      this.#uplot?.destroy();
      this.#uplot = this.#make(view, shown, scale.isLog, { width, height });
      this.#drawing.changed();
    }
    const plot = this.#uplot!;
    if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
    const lengths = shown
      .map(({ metric }) => view.series.get(metric.name))
      .map((series) => `${series?.length ?? 0}/${series?.cuts ?? 0}`)
      .join();
    const [from, to] = view.range;
    const drawn = [lengths, isOverview, from, to, view.smoothing, view.marker, width];
    if (this.#drawing.changed(...drawn)) {
      const points = decimate(this.#curves(view, shown), from, to, Math.max(50, width - axisWidth));
      plot.batch(() => {
        plot.setData([points.steps, ...points.values], false);
        plot.setScale('x', { min: from, max: to });
      });
    }
  }

  /** Takes down what is outside the element's own tree. */
  dispose(): void {
    this.#uplot?.destroy();
  }

  #makeRow(metric: MetricInfo, isEstimate: boolean): LegendRow {
    const swatch = new LineSwatch();
    const toggle = element(
      'button',
      { class: 'curve-toggle', type: 'button', 'aria-pressed': 'true' },
      swatch.root,
      metric.label,
    );
    toggle.title = metric.name;
    toggle.dataset['metric'] = metric.name;
    toggle.addEventListener('click', () => {
      const isShown = this.#hidden.delete(metric.name);
      if (!isShown) this.#hidden.add(metric.name);
      setAttribute(toggle, 'aria-pressed', String(isShown));
      // Every chart's frame is drawn again; the others find nothing to do.
      this.#host.point(undefined);
    });
    return {
      metric,
      isEstimate,
      swatch,
      toggle,
      value: element('td', { class: 'number' }),
      smoothed: element('td', { class: 'number muted' }),
    };
  }

  #rowElement({ toggle, value, smoothed }: LegendRow): HTMLElement {
    return element('tr', {}, element('th', { scope: 'row' }, toggle), value, smoothed);
  }

  #smooth({ series, smoothing }: ChartView): void {
    for (const { metric } of this.#rows) {
      const source = series.get(metric.name);
      if (smoothing === 0 || !source) {
        this.#smoothed.delete(metric.name);
        continue;
      }
      const { cuts } = source;
      const known = this.#smoothed.get(metric.name);
      // An overview that gave way to its points, or points that were taken back: another average.
      const isOf = known?.source === source && known.cuts === cuts;
      const average =
        known && isOf && known.average.weight === smoothing
          ? known.average
          : new SmoothedValues(smoothing);
      this.#smoothed.set(metric.name, { source, cuts, average });
      average.follow(source.values);
    }
  }

  /** Whether the vertical axis is logarithmic: as wished, where all values are above 0. */
  #scale(
    { logScale, series }: ChartView,
    shown: readonly LegendRow[],
  ): { readonly isLog: boolean; readonly note: string } {
    if (!logScale) return { isLog: false, note: '' };
    const isPositive = shown.every(({ metric }) => {
      const values = series.get(metric.name)?.values;
      return (values?.range(0, values.length)?.min ?? 1) > 0;
    });
    return { isLog: isPositive, note: isPositive ? '' : 'linear: has values ≤ 0' };
  }

  /** The lines in the order of the plot's series: of each metric the raw one, then the smoothed. */
  #curves(view: ChartView, shown: readonly LegendRow[]): Curve[] {
    return shown.flatMap(({ metric }) => {
      const series = view.series.get(metric.name) ?? emptySeries;
      const smoothed = this.#smoothed.get(metric.name);
      const raw = { series, values: series.values };
      if (view.smoothing === 0) return [raw];
      return [raw, { series, values: smoothed?.average.values ?? series.values }];
    });
  }

  #make(
    view: ChartView,
    shown: readonly LegendRow[],
    isLog: boolean,
    size: { readonly width: number; readonly height: number },
  ): uPlot {
    const { theme, smoothing } = view;
    const font = `11px ${theme.fontFamily}`;
    const axis: uPlot.Axis = {
      font,
      stroke: theme.muted,
      grid: { stroke: theme.grid, width: 1 },
      ticks: { stroke: theme.grid, width: 1, size: 4 },
    };
    for (const [k, { swatch }] of this.#rows.entries()) {
      swatch.show(theme.curves[k % theme.curves.length]!, dashes[k % dashes.length]!);
    }
    const lines = shown.flatMap((row): uPlot.Series[] => {
      const k = this.#rows.indexOf(row);
      const stroke = theme.curves[k % theme.curves.length]!;
      const dash = [...dashes[k % dashes.length]!];
      const raw: uPlot.Series = {
        stroke: smoothing > 0 ? theme.subduedCurves[k % theme.curves.length]! : stroke,
        width: 1,
        dash,
        points: { show: onlyIfSingle },
      };
      return smoothing > 0 ? [raw, { stroke, width: 1.75, dash, points: { show: false } }] : [raw];
    });
    const plot = new uPlot(
      {
        ...size,
        padding: [6, 20, 0, 0],
        legend: { show: false },
        cursor: {
          y: false,
          points: { show: false },
          sync: { key: 'curves', scales: ['x', null] },
          drag: { x: true, y: false, setScale: false, dist: 4 },
          bind: { dblclick: () => () => null },
        },
        scales: {
          x: { time: false, auto: false },
          y: {
            distr: isLog ? 3 : 1,
            ...(isLog ? {} : { range: (_, min, max) => paddedRange(min, max) }),
          },
        },
        axes: [
          {
            ...axis,
            size: 26,
            gap: 4,
            space: 60,
            values: (_, splits) => splits.map(formatStepTick),
          },
          {
            ...axis,
            size: axisWidth,
            gap: 4,
            space: 24,
            values: (_, splits, _axis, _space, increment) =>
              splits.map((value) => {
                if (value === null) return '';
                return isLog ? formatLogTick(value) : formatTick(value, increment);
              }),
          },
        ],
        series: [{}, ...lines],
        hooks: {
          setSelect: [(self) => this.#onSelect(self)],
          setCursor: [(self) => this.#onCursor(self)],
          draw: [(self) => this.#drawMarker(self)],
        },
      },
      undefined,
      this.#plot,
    );
    return plot;
  }

  #onSelect(self: uPlot): void {
    const { left, width } = self.select;
    if (width <= 0) return;
    const from = self.posToVal(left, 'x');
    const to = self.posToVal(left + width, 'x');
    self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (to - from >= 1) this.#host.zoom([from, to]);
  }

  #onCursor(self: uPlot): void {
    const { left } = self.cursor;
    const isInside = left !== undefined && left >= 0 && (self.data[0]?.length ?? 0) > 0;
    this.#host.point(isInside ? self.posToVal(left, 'x') : undefined);
  }

  /** Where the other views stand, while they do not follow the newest. */
  #drawMarker(self: uPlot): void {
    const view = this.#view;
    if (view?.marker === undefined) return;
    const [from, to] = view.range;
    if (view.marker < from || view.marker > to) return;
    const { ctx, bbox } = self;
    const x = Math.round(self.valToPos(view.marker, 'x', true));
    ctx.save();
    ctx.strokeStyle = view.theme.accent;
    ctx.lineWidth = 1.5 * uPlot.pxRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  #onKey(event: KeyboardEvent): void {
    const view = this.#view;
    if (!view) return;
    const [from, to] = view.range;
    const span = to - from;
    const moved = (share: number): StepRange => [from + share * span, to + share * span];
    switch (event.key) {
      case '+':
        if (span >= 4) this.#host.zoom([from + span / 4, to - span / 4]);
        break;
      case '-':
        this.#host.zoom([from - span / 2, to + span / 2]);
        break;
      case '0':
        this.#host.zoom(undefined);
        break;
      case 'ArrowLeft':
        if (view.isZoomed) this.#host.zoom(moved(-0.1));
        break;
      case 'ArrowRight':
        if (view.isZoomed) this.#host.zoom(moved(0.1));
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  #copy(): void {
    const view = this.#view;
    if (!view) return;
    const curves = this.#rows.flatMap(({ metric }) => {
      const series = view.series.get(metric.name);
      return series && !this.#hidden.has(metric.name) ? [{ name: metric.name, series }] : [];
    });
    this.#host.copy(seriesToCsv(curves, view.range));
  }
}

const emptySeries = new Series();

/** A lone point has no line to be seen by. */
function onlyIfSingle(self: uPlot): boolean {
  return (self.data[0]?.length ?? 0) === 1;
}

/** The vertical range around values, with some air, and never empty. */
function paddedRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const span = max - min || Math.abs(max) * 0.1 || 1;
  return [min - 0.06 * span, max + 0.06 * span];
}

/** Powers of ten only: the ticks between them are too near for numbers. */
function formatLogTick(value: number): string {
  const power = Math.log10(value);
  return Math.abs(power - Math.round(power)) < 1e-6 ? formatValue(value).replace(/\.0+$/, '') : '';
}
