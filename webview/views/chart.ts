import uPlot from 'uplot';
import type { SavedKind } from '../../protocol/panel';
import { errorName, type MetricInfo } from '../../protocol/run';
import { formatCount } from '../../vocabulary/quantities';
import { usualGoal } from '../../vocabulary/ranking';
import { type ChartPicture, chartSvg } from '../store/chart-svg';
import { seriesToCsv } from '../store/csv';
import { type CurveAxis, placedOn } from '../store/curve-axis';
import { pythonCode, typescriptCode } from '../store/curve-code';
import { type AlignedPoints, type Curve, decimate } from '../store/decimate';
import { type Extreme, extremeOf } from '../store/extreme';
import { isMeant } from '../store/metric-filter';
import { formatMeasured, formatStepTick, formatTick, formatValue } from '../store/number-format';
import type { RunMark } from '../store/run-marks';
import { scatter } from '../store/scatter';
import { Series } from '../store/series';
import { SmoothedValues } from '../store/smoothed-values';
import type { Theme } from '../theme';
import { PushButton } from '../toolkit';
import { element, icon, LineSwatch, onPlainKey, setAttribute, setText } from './element';
import { Memo } from './memo';
import { MenuButton } from './menu-button';

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
  /** What the horizontal axis counts. */
  readonly axis: CurveAxis;
  /** The metric whose values are on the horizontal axis in place of that. */
  readonly against: MetricInfo | undefined;
  /** What was typed to find metrics. */
  readonly filter: string;
  readonly marks: readonly RunMark[];
  /** Steps that have a checkpoint. */
  readonly checkpoints: readonly number[];
  /** Absolute path of the run. */
  readonly runDirectory: string;
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
  /** Keeps a drawing or a table in a file. */
  save(name: string, kind: SavedKind, text: string): void;
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
  readonly extreme: HTMLElement;
  readonly root: HTMLElement;
}

/** A moving average, and what it is of. */
interface Smoothed {
  readonly source: Series;
  readonly cuts: number;
  readonly average: SmoothedValues;
}

/** The lowest or highest value of a curve, and what it is of. */
interface KnownExtreme {
  readonly series: Series;
  readonly length: number;
  readonly cuts: number;
  readonly found: Extreme | undefined;
}

/** Curves of one group over the steps, and the table of their values. */
export class Chart {
  readonly root: HTMLElement;
  readonly #title: string;
  readonly #host: ChartHost;
  readonly #note = element('span', { class: 'chart-note' });
  readonly #plot = element('div', { class: 'chart-plot', tabindex: '0', role: 'img' });
  readonly #at = element('span', { class: 'chart-at' });
  readonly #rows: readonly LegendRow[];
  readonly #smoothed = new Map<string, Smoothed>();
  readonly #extremes = new Map<string, KnownExtreme>();
  readonly #copyButton: PushButton;
  readonly #menu: MenuButton;
  readonly #hidden = new Set<string>();
  readonly #making = new Memo();
  readonly #drawing = new Memo();
  #uplot: uPlot | undefined;
  #view: ChartView | undefined;

  constructor(title: string, metrics: readonly MetricInfo[], host: ChartHost) {
    this.#title = title;
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
    this.#menu = new MenuButton(`More for ${title}`, [
      { label: 'Save as PNG…', run: () => this.#savePicture('png') },
      { label: 'Save as SVG…', run: () => this.#savePicture('svg') },
      { label: 'Save Values as CSV…', run: () => this.#saveValues() },
      { label: 'Copy Python That Reads This', run: () => this.#copyCode(pythonCode) },
      { label: 'Copy TypeScript That Reads This', run: () => this.#copyCode(typescriptCode) },
    ]);
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
        this.#menu.root,
      ),
      this.#plot,
      element(
        'table',
        { class: 'chart-legend' },
        element('caption', { class: 'visually-hidden' }, `Values of ${title}`),
        element('tbody', {}, ...this.#rows.map((row) => row.root)),
      ),
    );
    onPlainKey(this.#plot, (event) => this.#onKey(event));
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
    for (const { metric, isEstimate, value, smoothed, extreme } of this.#rows) {
      const series = view.series.get(metric.name);
      const index = series?.indexUpTo(shown) ?? -1;
      const at = index >= 0 ? series?.values.at(index) : undefined;
      const errors = view.series.get(errorName(metric.name));
      const error = errors?.values.at(errors.indexUpTo(shown));
      setText(value, formatMeasured({ unit: metric.unit, isEstimate }, at, error));
      smoothed.hidden = view.smoothing === 0;
      const average = this.#smoothed.get(metric.name)?.average.values;
      setText(smoothed, `smoothed ${formatValue(index >= 0 ? average?.at(index) : undefined)}`);
      setText(extreme, this.#extremeText(metric, series));
    }
  }

  /** What the chart takes besides its plot, in CSS pixels: the title and the rows of the table. */
  get frameHeight(): number {
    const rows = this.#rows.filter(({ root }) => !root.hidden);
    return 24 + 25 * rows.length;
  }

  /** Draws a plot of that size in CSS pixels, if anything drawn has changed. */
  draw(view: ChartView, width: number, height: number): void {
    this.#view = view;
    for (const { metric, toggle } of this.#rows) {
      setAttribute(toggle, 'data-points', String(view.series.get(metric.name)?.length ?? 0));
    }
    this.#smooth(view);
    const { axis, against } = view;
    const name = against?.label ?? axis.name.toLowerCase();
    setAttribute(this.#plot, 'aria-label', `${this.#title} over ${name}`);
    const shown = this.#shown(view);
    const scale = this.#scale(view, shown);
    const isOverview = this.#rows.some(({ metric }) => view.overviews.has(metric.name));
    setText(this.#note, isOverview ? 'overview; reading all points …' : scale.note);
    this.#copyButton.isEnabled = !isOverview;
    this.#menu.isEnabled = !isOverview;
    const shownKey = shown.map(({ metric }) => metric.name).join('\n');
    const hasSmoothing = view.smoothing > 0;
    if (
      this.#making.changed(view.theme, scale.isLog, shownKey, hasSmoothing, against !== undefined)
    ) {
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
    const drawn = [
      ...[lengths, isOverview, from, to, view.smoothing, view.marker, width, axis.key],
      ...[against?.name, against && view.series.get(against.name)?.length, view.marks],
      view.checkpoints,
    ];
    if (this.#drawing.changed(...drawn)) {
      const columns = Math.max(50, width - axisWidth);
      const { points, low, high } = this.#points(view, this.#curves(view, shown), columns);
      plot.batch(() => {
        plot.setData([points.steps, ...points.values], false);
        plot.setScale('x', { min: low, max: high });
      });
    }
  }

  /** Whether anything of it is meant by what was typed to find metrics. */
  isMeant(filter: string): boolean {
    let any = false;
    for (const { metric, root } of this.#rows) {
      root.hidden = !isMeant(metric, filter);
      any ||= !root.hidden;
    }
    this.root.hidden = !any;
    return any;
  }

  #shown({ filter }: ChartView): readonly LegendRow[] {
    return this.#rows.filter(
      ({ metric }) => !this.#hidden.has(metric.name) && isMeant(metric, filter),
    );
  }

  /** What is to be drawn, and the ends of the horizontal axis. */
  #points(
    view: ChartView,
    curves: readonly Curve[],
    columns: number,
  ): { readonly points: AlignedPoints; readonly low: number; readonly high: number } {
    const { axis, against, range } = view;
    const [from, to] = range;
    if (!against) {
      const points = placedOn(axis, decimate(curves, from, to, columns));
      const { steps } = points;
      const [first, last] = [axis.at(from), axis.at(to)];
      // What is not on the clock yet is not shown; neither is room for it.
      const low = Number.isNaN(first) ? (steps[0] ?? 0) : first;
      const high = Number.isNaN(last) ? (steps.at(-1) ?? 1) : last;
      return { points, low, high: high > low ? high : low + 1 };
    }
    const series = view.series.get(against.name) ?? emptySeries;
    const ends = series.values.range(series.indexFrom(from), series.indexUpTo(to) + 1);
    const [low, high] = paddedRange(ends?.min ?? null, ends?.max ?? null);
    return { points: scatter(series, curves, range, { low, high, columns }), low, high };
  }

  /** `lowest −0.2511 at 4,200`; highest where that is what is good of the metric. */
  #extremeText({ name, unit }: MetricInfo, series: Series | undefined): string {
    if (!series) return '';
    const which = usualGoal(name) === 'maximize' ? 'highest' : 'lowest';
    const known = this.#extremes.get(name);
    const { length, cuts } = series;
    const isSame = known?.series === series && known.length === length && known.cuts === cuts;
    const found = isSame ? known.found : extremeOf(series, which);
    if (!isSame) this.#extremes.set(name, { series, length, cuts, found });
    const value = found && formatMeasured({ unit, isEstimate: false }, found.value, undefined);
    return found ? `${which} ${value} at ${formatCount(found.step)}` : '';
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
    const value = element('td', { class: 'number' });
    const smoothed = element('td', { class: 'number muted' });
    const extreme = element('td', { class: 'number extreme' });
    const head = element('th', { scope: 'row' }, toggle);
    const root = element('tr', {}, head, value, smoothed, extreme);
    return { metric, isEstimate, swatch, toggle, value, smoothed, extreme, root };
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
    const { theme, smoothing, against } = view;
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
        ...(against
          ? dots(smoothing > 0 ? theme.subduedCurves[k % theme.curves.length]! : stroke)
          : {}),
      };
      const average: uPlot.Series = {
        ...{ stroke, width: 1.75, dash, points: { show: false } },
        ...(against ? dots(stroke) : {}),
      };
      return smoothing > 0 ? [raw, average] : [raw];
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
          drag: { x: against === undefined, y: false, setScale: false, dist: 4 },
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
            values: (_, splits, _axis, _space, increment) =>
              splits.map((value) =>
                increment >= 1 ? formatStepTick(value) : formatTick(value, increment),
              ),
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
          draw: [(self) => this.#drawMarks(self), (self) => this.#drawMarker(self)],
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
    const stepAt = (place: number) => this.#view?.axis.stepAt(self.posToVal(place, 'x')) ?? 0;
    const [from, to] = [stepAt(left), stepAt(left + width)];
    self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (to - from >= 1) this.#host.zoom([from, to]);
  }

  #onCursor(self: uPlot): void {
    const { left } = self.cursor;
    const isInside = left !== undefined && left >= 0 && (self.data[0]?.length ?? 0) > 0;
    const { axis, against } = this.#view ?? {};
    // Against another metric a place is of many steps or of none.
    const step = axis && !against && isInside ? axis.stepAt(self.posToVal(left, 'x')) : undefined;
    this.#host.point(step);
  }

  /** Where the other views stand, while they do not follow the newest. */
  #drawMarker(self: uPlot): void {
    const view = this.#view;
    if (view?.marker === undefined || view.against) return;
    const [from, to] = view.range;
    if (view.marker < from || view.marker > to) return;
    const { ctx, bbox } = self;
    const place = view.axis.at(view.marker);
    if (Number.isNaN(place)) return;
    const x = Math.round(self.valToPos(place, 'x', true));
    ctx.save();
    ctx.strokeStyle = view.theme.accent;
    ctx.lineWidth = 1.5 * uPlot.pxRatio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  /** What happened to the run, each at its step: lines with words, and checkpoints as ticks below. */
  #drawMarks(self: uPlot): void {
    const view = this.#view;
    if (!view || view.against) return;
    const { ctx, bbox } = self;
    const ratio = uPlot.pxRatio;
    const [from, to] = view.range;
    const placeOf = (step: number) => {
      const at = step >= from && step <= to ? view.axis.at(step) : Number.NaN;
      return Number.isNaN(at) ? undefined : Math.round(self.valToPos(at, 'x', true));
    };
    const bottom = bbox.top + bbox.height;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = view.theme.muted;
    ctx.strokeStyle = view.theme.muted;
    ctx.lineWidth = ratio;
    for (const step of view.checkpoints) {
      const x = placeOf(step);
      if (x !== undefined) ctx.fillRect(x - ratio, bottom - 6 * ratio, 2 * ratio, 6 * ratio);
    }
    ctx.font = `${10 * ratio}px ${view.theme.fontFamily}`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    let free = Number.NEGATIVE_INFINITY;
    for (const { step, word } of view.marks) {
      const x = placeOf(step);
      if (x === undefined) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bottom);
      ctx.stroke();
      const width = ctx.measureText(word).width + 6 * ratio;
      // Beside its line, on the side where there is room; words on one another could not be read.
      const left = x + width > bbox.left + bbox.width ? x - width : x;
      if (left < free) continue;
      ctx.fillText(word, left + 3 * ratio, bbox.top + 2 * ratio);
      free = left + width;
    }
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

  /** The shown values in the shown range. */
  get #csv(): string | undefined {
    const view = this.#view;
    if (!view) return undefined;
    const curves = this.#shown(view).flatMap(({ metric }) => {
      const series = view.series.get(metric.name);
      return series ? [{ name: metric.name, series }] : [];
    });
    return seriesToCsv(curves, view.range);
  }

  #copy(): void {
    const csv = this.#csv;
    if (csv !== undefined) this.#host.copy(csv);
  }

  #saveValues(): void {
    const csv = this.#csv;
    if (csv !== undefined) this.#host.save(fileName(this.#title), 'csv', csv);
  }

  #copyCode(code: typeof pythonCode): void {
    const view = this.#view;
    if (!view) return;
    const metrics = this.#shown(view).map(({ metric }) => metric.name);
    this.#host.copy(code(view.runDirectory, metrics));
  }

  #savePicture(kind: 'png' | 'svg'): void {
    const picture = this.#picture;
    if (picture) this.#host.save(fileName(this.#title), kind, chartSvg(picture));
  }

  /** The chart as it is shown now. */
  get #picture(): ChartPicture | undefined {
    const [view, plot] = [this.#view, this.#uplot];
    if (!view || !plot) return undefined;
    const { theme, axis, against, smoothing } = view;
    const ends = (scale: string): [number, number] => {
      const { min, max } = plot.scales[scale] ?? {};
      return [min ?? 0, max ?? 1];
    };
    const [x, ...values] = plot.data;
    const lines = this.#shown(view).flatMap(({ metric }) => {
      const k = this.#rows.findIndex((row) => row.metric === metric);
      const [color, dash] = [theme.curves[k % theme.curves.length]!, dashes[k % dashes.length]!];
      const line = { label: metric.label, dash, isScattered: against !== undefined };
      const raw = { ...line, color, width: 1, isNamed: true };
      if (smoothing === 0) return [raw];
      const pale = { ...raw, color: theme.subduedCurves[k % theme.curves.length]!, isNamed: false };
      const label = `${metric.label}, smoothed`;
      return [pale, { ...raw, label, width: 1.75 }];
    });
    const marks = against ? [] : view.marks;
    return {
      title: this.#title,
      xName: against ? against.label : axis.name,
      width: Math.max(480, plot.width),
      height: Math.max(300, plot.height),
      x: [...x],
      xRange: ends('x'),
      yRange: ends('y'),
      isLog: plot.scales['y']?.distr === 3,
      lines: lines.map((line, k) => ({ ...line, values: [...(values[k] ?? [])] })),
      marks: marks.map(({ step, word }) => ({ x: axis.at(step), word })),
      colors: theme,
      fontFamily: theme.fontFamily,
    };
  }
}

const emptySeries = new Series();

/** Points that no line joins. */
function dots(color: string): Pick<uPlot.Series, 'paths' | 'points'> {
  return { paths: () => null, points: { show: true, size: 3, width: 0, fill: color } };
}

/** A title as a part of a file's name. */
function fileName(title: string): string {
  const plain = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 64);
  return plain === '' ? 'curves' : plain;
}

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
