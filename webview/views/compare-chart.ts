import { formatCount } from '../../vocabulary/quantities';
import { valueAt } from '../store/compare-bands';
import { formatValue } from '../store/number-format';
import { element, onPlainKey, setAttribute, setText } from './element';
import { Memo } from './memo';
import {
  type ChartLine,
  clip,
  drawLine,
  leftOf,
  noPlane,
  type PaintedCurves,
  paint,
  planeOf,
  type Range,
  stepAt,
  topOf,
} from './painted-curves';
import { line, prepareCanvas } from './plot-axes';

/** What a {@link CompareChart} shows. */
export interface CompareChartView extends PaintedCurves {
  readonly title: string;
  /** A vertical line at this step. */
  readonly marker: number | undefined;
}

/** Milliseconds of drawing in a frame, so that the page answers while many curves are drawn. */
const drawingShare = 4;
/** How near the pointer has to be to a curve, in CSS pixels. */
const reach = 14;
const height = 300;

/** Curves of many runs over their steps. */
export class CompareChart {
  readonly root: HTMLElement;
  readonly #canvas = element('canvas', { class: 'compare-canvas' });
  /** Where a picture is made, over as many frames as it takes. */
  readonly #easel = element('canvas');
  /** What moves with the pointer, so that it costs nothing of what lies beneath. */
  readonly #overlay = element('canvas', { class: 'plot-overlay', 'aria-hidden': 'true' });
  readonly #readout = element('div', { class: 'readout', 'data-testid': 'compare-readout' });
  readonly #note = element('span', { class: 'pane-note' });
  readonly #pick: (key: string) => void;
  readonly #redraw: () => void;
  readonly #drawing = new Memo();
  readonly #marking = new Memo();
  #view: CompareChartView | undefined;
  /** Of the picture that is shown. */
  #plane = noPlane;
  /** What is left of the picture that is being made. */
  #painting: Iterator<void, void> | undefined;
  #zoom: Range | undefined;
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
    onPlainKey(this.#canvas, (event) => this.#onKey(event));
    new ResizeObserver(redraw).observe(this.root);
  }

  /** What is to be known of the picture: said beside its title. */
  get note(): HTMLElement {
    return this.#note;
  }

  /**
   * Draws into the room that it has, where anything drawn has changed. A picture of many curves takes
   * several frames; it is finished before the next is begun, so that there are pictures while one zooms.
   */
  draw(view: CompareChartView): void {
    this.#view = view;
    const width = this.root.clientWidth;
    if (width === 0) return;
    const { lines, bands, logScale, theme, marker } = view;
    const shape = [width, window.devicePixelRatio, this.#zoom?.join()];
    if (!this.#painting && this.#drawing.changed(lines, bands, logScale, theme, ...shape)) {
      this.#painting = this.#paint(view, width);
    }
    this.#goOn();
    if (this.#painting) return;
    const drawn = [this.#plane, marker, theme, this.#hovered, this.#dragTo];
    if (!this.#marking.changed(...drawn)) return;
    const context = prepareCanvas(this.#overlay, width, height);
    if (!context) return;
    const plane = this.#plane;
    context.save();
    clip(context, plane.box);
    const hovered = lines.find(({ key }) => key === this.#hovered);
    const stroke = { plane, count: lines.length, width: 3 };
    if (hovered) drawLine(context, hovered, { ...stroke, color: hovered.color });
    this.#drawMarks(context, view);
    context.restore();
  }

  /** Paints for a share of a frame. */
  #goOn(): void {
    const end = performance.now() + drawingShare;
    while (this.#painting) {
      if (this.#painting.next().done) this.#painting = undefined;
      else if (performance.now() > end) break;
    }
    // The rest, or what has changed in the meantime.
    if (this.#painting) this.#redraw();
  }

  /** Makes a picture, a few curves at a time, and shows it when it is whole. */
  *#paint(view: CompareChartView, width: number): Generator<void, void> {
    const context = prepareCanvas(this.#easel, width, height);
    if (!context) return;
    const plane = planeOf(view, [width, height], this.#zoom);
    yield* paint(context, plane, view);
    prepareCanvas(this.#canvas, width, height)?.drawImage(this.#easel, 0, 0, width, height);
    this.#plane = plane;
    const isUnlog = view.logScale && !plane.isLog;
    setText(this.#note, isUnlog ? 'linear: has values ≤ 0' : '');
    setAttribute(this.#canvas, 'aria-label', this.#inWords(view));
    if (this.#hovered === undefined) setText(this.#readout, this.#idle(view));
  }

  #drawMarks(context: CanvasRenderingContext2D, { marker, theme }: CompareChartView): void {
    const { top, height: tall } = this.#plane.box;
    if (marker !== undefined) {
      context.strokeStyle = theme.accent;
      context.lineWidth = 1.5;
      const at = Math.round(leftOf(this.#plane, marker)) + 0.5;
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
    return stepAt(this.#plane, left);
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
      const distance = Math.abs(topOf(this.#plane, value) - event.offsetY);
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
    const [from, to] = this.#zoom ?? this.#plane.x;
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
