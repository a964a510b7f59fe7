import { formatCount } from '../../vocabulary/quantities';
import type { Band } from '../store/compare-bands';
import { valueAt } from '../store/compare-bands';
import { walkCurve } from '../store/decimate';
import { formatStepTick, formatTick, formatValue } from '../store/number-format';
import type { Series } from '../store/series';
import { axisTicks } from '../store/ticks';
import type { Theme } from '../theme';
import { element, setAttribute, setText } from './element';
import { Memo } from './memo';
import { type Box, line, prepareCanvas } from './plot-axes';

/** A run's curve as it is drawn. */
export interface ChartLine {
  /** What it is known by. */
  readonly key: string;
  readonly label: string;
  readonly series: Series;
  readonly color: string;
  /** Lengths of strokes and gaps in CSS pixels; none where it is whole. */
  readonly dash: readonly number[];
  readonly isPicked: boolean;
}

/** A mean with its spread as it is drawn. */
export interface ChartBand {
  readonly label: string;
  readonly band: Band;
  readonly color: string;
  readonly dash: readonly number[];
}

/** What a {@link CompareChart} shows. */
export interface CompareChartView {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly bands: readonly ChartBand[];
  readonly logScale: boolean;
  /** A vertical line at this step. */
  readonly marker: number | undefined;
  readonly theme: Theme;
}

/** Points that are drawn at a time, over all lines: what a canvas draws between two frames. */
const mostDrawn = 60_000;
/** How near the pointer has to be to a curve, in CSS pixels. */
const reach = 14;
/** Of more lines dashes tell nothing, and cost most of the drawing. */
const mostDashed = 48;
const height = 300;

type Range = readonly [number, number];

/** Curves of many runs over their steps. */
export class CompareChart {
  readonly root: HTMLElement;
  readonly #canvas = element('canvas', { class: 'compare-canvas' });
  /** What moves with the pointer, so that it costs nothing of what lies beneath. */
  readonly #overlay = element('canvas', { class: 'plot-overlay', 'aria-hidden': 'true' });
  readonly #readout = element('div', { class: 'readout', 'data-testid': 'compare-readout' });
  readonly #note = element('span', { class: 'pane-note' });
  readonly #pick: (key: string) => void;
  readonly #redraw: () => void;
  readonly #drawing = new Memo();
  readonly #marking = new Memo();
  #view: CompareChartView | undefined;
  #box: Box = { left: 0, top: 0, width: 1, height: 1 };
  #zoom: Range | undefined;
  #x: Range = [0, 1];
  #y: Range = [0, 1];
  #isLog = false;
  #dragFrom: number | undefined;
  #dragTo: number | undefined;
  #hovered: string | undefined;

  /**
   * @param pick the curve of a run was chosen
   * @param redraw asks for a new frame
   */
  constructor(pick: (key: string) => void, redraw: () => void) {
    this.#pick = pick;
    this.#redraw = redraw;
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute('role', 'img');
    this.#canvas.dataset['testid'] = 'compare-chart';
    this.root = element(
      'div',
      { class: 'compare-chart' },
      this.#canvas,
      this.#overlay,
      this.#readout,
    );
    this.#canvas.addEventListener('pointermove', (event) => this.#onMove(event));
    this.#canvas.addEventListener('pointerleave', () => this.#hover(undefined));
    this.#canvas.addEventListener('pointerdown', (event) => {
      this.#dragFrom = event.offsetX;
      this.#canvas.setPointerCapture(event.pointerId);
    });
    this.#canvas.addEventListener('pointerup', (event) => this.#onUp(event));
    this.#canvas.addEventListener('dblclick', () => this.#setZoom(undefined));
    this.#canvas.addEventListener('keydown', (event) => this.#onKey(event));
    new ResizeObserver(redraw).observe(this.root);
  }

  /** What is to be known of the picture: said beside its title. */
  get note(): HTMLElement {
    return this.#note;
  }

  /** Draws into the room that it has, where anything drawn has changed. */
  draw(view: CompareChartView): void {
    this.#view = view;
    const width = this.root.clientWidth;
    if (width === 0) return;
    const { lines, bands, logScale, theme, marker } = view;
    const shape = [width, window.devicePixelRatio, this.#zoom?.join()];
    if (this.#drawing.changed(lines, bands, logScale, theme, ...shape)) {
      const context = prepareCanvas(this.#canvas, width, height);
      if (!context) return;
      this.#box = { left: 62, top: 8, width: Math.max(80, width - 84), height: height - 40 };
      this.#scale(view);
      this.#drawAxes(context, view);
      this.#inBox(context, () => {
        for (const band of bands) this.#drawBand(context, band);
        const hasPicked = lines.some(({ isPicked }) => isPicked);
        for (const drawn of lines) {
          const { color, isPicked } = drawn;
          if (!isPicked) this.#drawLine(context, drawn, hasPicked ? theme.border : color, 1.25);
        }
        // What is picked lies above the others.
        for (const drawn of lines) {
          if (drawn.isPicked) this.#drawLine(context, drawn, drawn.color, 2.25);
        }
      });
      setAttribute(this.#canvas, 'aria-label', this.#inWords(view));
      if (this.#hovered === undefined) setText(this.#readout, this.#idle(view));
      this.#marking.changed();
    }
    if (!this.#marking.changed(lines, marker, theme, this.#hovered, this.#dragTo, ...shape)) return;
    const context = prepareCanvas(this.#overlay, width, height);
    if (!context) return;
    this.#inBox(context, () => {
      const hovered = lines.find(({ key }) => key === this.#hovered);
      if (hovered) this.#drawLine(context, hovered, hovered.color, 3);
      this.#drawMarks(context, view);
    });
  }

  #inBox(context: CanvasRenderingContext2D, draw: () => void): void {
    const { left, top, width, height: tall } = this.#box;
    context.save();
    context.beginPath();
    context.rect(left, top, width, tall);
    context.clip();
    draw();
    context.restore();
  }

  #scale({ lines, bands, logScale }: CompareChartView): void {
    const ends = [
      ...lines.flatMap(({ series }) => [series.firstStep, series.lastStep]),
      ...bands.flatMap(({ band }) => [band.steps[0], band.steps.at(-1)]),
    ].filter((step) => step !== undefined);
    const first = ends.reduce((least, step) => Math.min(least, step), Number.POSITIVE_INFINITY);
    const last = ends.reduce((most, step) => Math.max(most, step), Number.NEGATIVE_INFINITY);
    const whole: Range = ends.length > 0 ? [first, Math.max(last, first + 1)] : [0, 1];
    this.#x = this.#zoom ?? whole;
    const [from, to] = this.#x;
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { series } of lines) {
      const [begin, end] = [Math.max(0, series.indexUpTo(from)), series.indexFrom(to) + 1];
      const extremes = series.values.range(begin, Math.min(series.length, end));
      if (!extremes) continue;
      low = Math.min(low, extremes.min);
      high = Math.max(high, extremes.max);
    }
    for (const { band } of bands) {
      for (const [k, step] of band.steps.entries()) {
        if (step < from || step > to) continue;
        low = Math.min(low, band.low[k]!);
        high = Math.max(high, band.high[k]!);
      }
    }
    if (low > high) [low, high] = [0, 1];
    this.#isLog = logScale && low > 0;
    setText(this.#note, logScale && !this.#isLog ? 'linear: has values ≤ 0' : '');
    if (this.#isLog) [low, high] = [Math.log10(low), Math.log10(high)];
    const span = high - low || Math.abs(high) * 0.1 || 1;
    this.#y = [low - 0.06 * span, high + 0.06 * span];
  }

  #left(step: number): number {
    const [from, to] = this.#x;
    return this.#box.left + ((step - from) / (to - from)) * this.#box.width;
  }

  #top(value: number): number {
    const [low, high] = this.#y;
    const at = this.#isLog ? Math.log10(value) : value;
    return this.#box.top + (1 - (at - low) / (high - low)) * this.#box.height;
  }

  #drawAxes(context: CanvasRenderingContext2D, { theme }: CompareChartView): void {
    const { left, top, width, height: tall } = this.#box;
    const bottom = top + tall;
    context.font = `11px ${theme.fontFamily}`;
    context.lineWidth = 1;
    context.fillStyle = theme.muted;
    context.textBaseline = 'top';
    context.textAlign = 'center';
    for (const step of axisTicks(...this.#x, Math.floor(width / 90)).values) {
      const at = Math.round(this.#left(step)) + 0.5;
      context.strokeStyle = theme.grid;
      line(context, at, top, at, bottom);
      context.fillText(formatStepTick(step), at, bottom + 6);
    }
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    const ticks = axisTicks(...this.#y, Math.floor(tall / 45));
    for (const tick of ticks.values) {
      const value = this.#isLog ? 10 ** tick : tick;
      const at = Math.round(this.#top(value)) + 0.5;
      context.strokeStyle = theme.grid;
      line(context, left, at, left + width, at);
      const text = this.#isLog ? formatValue(value) : formatTick(value, ticks.increment);
      context.fillText(text, left - 6, at);
    }
    context.strokeStyle = theme.border;
    context.strokeRect(left - 0.5, top - 0.5, width + 1, tall + 1);
    context.fillStyle = theme.foreground;
    context.textAlign = 'center';
    context.textBaseline = 'bottom';
    context.fillText('Step', left + width / 2, bottom + 32);
  }

  #drawLine(
    context: CanvasRenderingContext2D,
    { series, dash }: ChartLine,
    color: string,
    width: number,
  ): void {
    const count = this.#view?.lines.length ?? 1;
    const share = Math.floor(mostDrawn / 2 / Math.max(1, count));
    const columns = Math.max(20, Math.min(this.#box.width, share));
    context.strokeStyle = color;
    context.lineWidth = width;
    const isDashed = dash.length > 0 && count <= mostDashed;
    if (isDashed) context.setLineDash([...dash]);
    context.beginPath();
    walkCurve({ series, values: series.values }, this.#x, columns, this.#tracer(context));
    context.stroke();
    if (isDashed) context.setLineDash([]);
  }

  /** Draws on to one point after the other; a value that has no place breaks the line. */
  #tracer(context: CanvasRenderingContext2D): (step: number, value: number) => void {
    const { left, top, width, height: tall } = this.#box;
    const [from, to] = this.#x;
    const [low, high] = this.#y;
    const isLog = this.#isLog;
    const [right, down] = [width / (to - from), tall / (high - low)];
    let isBroken = true;
    return (step, value) => {
      const at = isLog ? Math.log10(value) : value;
      if (!Number.isFinite(at)) {
        isBroken = true;
        return;
      }
      const [x, y] = [left + (step - from) * right, top + (high - at) * down];
      if (isBroken) context.moveTo(x, y);
      else context.lineTo(x, y);
      isBroken = false;
    };
  }

  #drawBand(context: CanvasRenderingContext2D, { band, color, dash }: ChartBand): void {
    const bottom = this.#isLog ? 10 ** this.#y[0] : this.#y[0];
    const floor = (value: number) => (this.#isLog ? Math.max(value, bottom) : value);
    context.beginPath();
    for (const [k, step] of band.steps.entries()) {
      context.lineTo(this.#left(step), this.#top(floor(band.high[k]!)));
    }
    for (let k = band.steps.length - 1; k >= 0; k--) {
      context.lineTo(this.#left(band.steps[k]!), this.#top(floor(band.low[k]!)));
    }
    context.closePath();
    context.globalAlpha = 0.18;
    context.fillStyle = color;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.setLineDash([...dash]);
    context.beginPath();
    const trace = this.#tracer(context);
    for (const [k, step] of band.steps.entries()) trace(step, band.mean[k]!);
    context.stroke();
    context.setLineDash([]);
  }

  #drawMarks(context: CanvasRenderingContext2D, { marker, theme }: CompareChartView): void {
    const { top, height: tall } = this.#box;
    if (marker !== undefined) {
      context.strokeStyle = theme.accent;
      context.lineWidth = 1.5;
      const at = Math.round(this.#left(marker)) + 0.5;
      line(context, at, top, at, top + tall);
    }
    if (this.#dragFrom !== undefined && this.#dragTo !== undefined) {
      context.globalAlpha = 0.2;
      context.fillStyle = theme.foreground;
      context.fillRect(this.#dragFrom, top, this.#dragTo - this.#dragFrom, tall);
      context.globalAlpha = 1;
    }
  }

  #stepAt(left: number): number {
    const [from, to] = this.#x;
    return from + ((left - this.#box.left) / this.#box.width) * (to - from);
  }

  #onMove(event: PointerEvent): void {
    if (this.#dragFrom !== undefined) {
      this.#dragTo = event.offsetX;
      this.#redraw();
      return;
    }
    const view = this.#view;
    if (!view) return;
    const step = this.#stepAt(event.offsetX);
    let nearest: { readonly line: ChartLine; readonly value: number } | undefined;
    let least = reach;
    for (const each of view.lines) {
      const value = valueAt(each.series, step);
      const distance = Math.abs(this.#top(value) - event.offsetY);
      if (!(distance < least)) continue;
      least = distance;
      nearest = { line: each, value };
    }
    this.#hover(nearest?.line.key);
    if (nearest) {
      const { label } = nearest.line;
      setText(
        this.#readout,
        `${label}   step ${formatCount(Math.round(step))}   ${formatValue(nearest.value)}`,
      );
    }
  }

  #onUp(event: PointerEvent): void {
    const from = this.#dragFrom;
    this.#dragFrom = undefined;
    this.#dragTo = undefined;
    if (from === undefined) return;
    if (Math.abs(event.offsetX - from) < 4) {
      if (this.#hovered !== undefined) this.#pick(this.#hovered);
      return;
    }
    const ends = [from, event.offsetX].map((left) => this.#stepAt(left)).sort((a, b) => a - b);
    if (ends[1]! - ends[0]! >= 1) this.#setZoom([ends[0]!, ends[1]!]);
    else this.#redraw();
  }

  #onKey(event: KeyboardEvent): void {
    const [from, to] = this.#x;
    const span = to - from;
    const moves: Readonly<Record<string, () => Range | undefined>> = {
      '+': () => (span >= 4 ? [from + span / 4, to - span / 4] : this.#zoom),
      '-': () => [from - span / 2, to + span / 2],
      '0': () => undefined,
      ArrowLeft: () => this.#zoom && [from - span / 10, to - span / 10],
      ArrowRight: () => this.#zoom && [from + span / 10, to + span / 10],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    this.#setZoom(move());
  }

  #setZoom(range: Range | undefined): void {
    this.#zoom = range;
    this.#redraw();
  }

  #hover(key: string | undefined): void {
    if (key === this.#hovered) return;
    this.#hovered = key;
    if (key === undefined && this.#view) setText(this.#readout, this.#idle(this.#view));
    this.#redraw();
  }

  #idle({ lines, bands }: CompareChartView): string {
    if (bands.length > 0) return 'Lines are means over seeds, bands one deviation to either side.';
    return lines.length > 0
      ? 'Click a curve to pick its run; drag to zoom, double click for all.'
      : '';
  }

  #inWords({ title, lines, bands }: CompareChartView): string {
    const count = bands.length > 0 ? bands.length : lines.length;
    const what = bands.length > 0 ? 'means over seeds' : 'runs';
    return `${title} over training steps, of ${count} ${what}. The table has the values.`;
  }
}
