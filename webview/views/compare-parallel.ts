import {
  type Brush,
  type Brushes,
  brushBetween,
  mostAxes,
  nearestRow,
  type ParallelAxis,
  type ParallelPlan,
} from '../store/compare-parallel';
import type { CompareRow } from '../store/compare-rows';
import type { Theme } from '../theme';
import type { LineStyle } from './compare-table';
import { element, onPlainKey, setAttribute, setText } from './element';
import { Memo } from './memo';
import { line, prepareCanvas } from './plot-axes';

/** What a {@link CompareParallel} shows. */
export interface ParallelView {
  readonly plan: ParallelPlan;
  /** The rows of the plan, and which of them lie within all brushes. */
  readonly rows: readonly CompareRow[];
  readonly within: ReadonlySet<string>;
  readonly hidden: ReadonlySet<string>;
  readonly picked: readonly string[];
  readonly brushes: Brushes;
  readonly styleOf: (directory: string) => LineStyle;
  readonly theme: Theme;
}

/** What it asks of the page. */
export interface ParallelHost {
  redraw(): void;
  pick(directory: string, isAdded: boolean): void;
  /** The brush of an axis now, before it is drawn: keys may come faster than frames. */
  brushOf(key: string): Brush | undefined;
  /** Brushes an axis, or takes its brush away. */
  brush(key: string, brush: Brush | undefined): void;
  clear(): void;
}

const height = 270;
const margin = { left: 30, right: 96, top: 30, bottom: 14 };
/** How near the pointer has to be to a line, and to an axis to brush it, in CSS pixels. */
const [reach, axisReach] = [10, 12];
/** Of more lines dashes tell nothing, and cost most of the drawing. */
const mostDashed = 48;

/** A line a run over parallel axes: what was set, and what became of it. */
export class CompareParallel {
  readonly root: HTMLElement;
  readonly #host: ParallelHost;
  readonly #canvas = element('canvas', { class: 'compare-canvas', role: 'img' });
  /** What moves with the pointer, so that it costs nothing of what lies beneath. */
  readonly #overlay = element('canvas', { class: 'plot-overlay', 'aria-hidden': 'true' });
  readonly #stage = element(
    'div',
    { class: 'parallel-stage', 'data-testid': 'parallel' },
    this.#canvas,
    this.#overlay,
  );
  readonly #readout = element('div', { class: 'readout', 'data-testid': 'parallel-readout' });
  readonly #note = element('span', { class: 'pane-note' });
  readonly #clear = element('button', { type: 'button', class: 'run-link' }, 'Clear brushes');
  readonly #drawing = new Memo();
  readonly #marking = new Memo();
  readonly #rows = new Memo();
  readonly #axes = new Memo();
  #parts: readonly AxisParts[] = [];
  #view: ParallelView | undefined;
  #hovered: number | undefined;
  #drag:
    | {
        readonly axis: number;
        readonly from: number;
        readonly top: number;
        readonly isHandle: boolean;
      }
    | undefined;
  /**
   * The stretch of an axis that is being dragged. Nothing but these lines follows it until it is let go:
   * the table above would shrink and move the axes from under the pointer.
   */
  #pending: { readonly axis: number; readonly from: number; readonly to: number } | undefined;
  /** Where the axes stand, in CSS pixels. */
  #lefts: readonly number[] = [];

  constructor(host: ParallelHost) {
    this.#host = host;
    this.#clear.addEventListener('click', () => host.clear());
    this.root = element(
      'section',
      { class: 'pane', 'aria-label': 'Parameters and metric' },
      element(
        'div',
        { class: 'pane-head compare-options' },
        element('h2', {}, 'Parameters'),
        this.#note,
        this.#clear,
      ),
      this.#stage,
      this.#readout,
    );
    const stage = this.#stage;
    stage.addEventListener('pointermove', (event) => this.#onMove(event));
    stage.addEventListener('pointerleave', () => this.#hover(undefined));
    stage.addEventListener('pointerdown', (event) => this.#onDown(event));
    stage.addEventListener('pointerup', (event) => this.#onUp(event));
    stage.addEventListener('pointercancel', () => {
      this.#drag = undefined;
      this.#pending = undefined;
      host.redraw();
    });
    new ResizeObserver(host.redraw).observe(stage);
  }

  render(view: ParallelView): void {
    const { axes } = view.plan;
    this.#view = view;
    this.root.hidden = axes.length < 2 || view.rows.length < 2;
    const width = this.#stage.clientWidth;
    if (this.root.hidden || width === 0) return;
    const { plan, rows, within, hidden, picked, brushes, styleOf, theme } = view;
    const step = (width - margin.left - margin.right) / (axes.length - 1);
    this.#lefts = axes.map((_, k) => Math.round(margin.left + k * step) + 0.5);
    this.#clear.hidden = brushes.size === 0;
    const left = plan.varying - (mostAxes - 1);
    setText(this.#note, left > 0 ? `${left} more: choose others by Columns` : '');
    if (this.#axes.changed(axes.map(({ key, title }) => `${key}\n${title}`).join('\n'))) {
      for (const { root } of this.#parts) root.remove();
      this.#parts = axes.map((axis) => this.#makeAxis(axis.key));
      this.#stage.append(...this.#parts.map(({ root }) => root));
    }
    const shape = [width, window.devicePixelRatio];
    const inputs = [plan, rows, within, hidden, picked, brushes, theme, this.#pending];
    if (this.#drawing.changed(...inputs, ...shape)) {
      // Other rows: the one of that number is another.
      if (this.#rows.changed(rows, within, hidden)) this.#hovered = undefined;
      const context = prepareCanvas(this.#canvas, width, height);
      if (!context) return;
      this.#drawLines(context, view, styleOf);
      for (const [k, axis] of axes.entries()) {
        this.#drawAxis(context, this.#left(k), axis, theme);
        this.#placeHandles(k, axis, brushes.get(axis.key));
      }
      const names = axes.map(({ title }) => title).join(', ');
      setAttribute(
        this.#canvas,
        'aria-label',
        `${within.size} of ${rows.length} runs over ${names}. The table has the values.`,
      );
      this.#marking.changed();
      this.#tell();
    }
    if (!this.#marking.changed(this.#hovered, plan, theme, ...shape)) return;
    const context = prepareCanvas(this.#overlay, width, height);
    const hovered = this.#hovered === undefined ? undefined : rows[this.#hovered];
    if (!context || !hovered || this.#hovered === undefined) return;
    context.strokeStyle = styleOf(hovered.run.directory).color;
    context.lineWidth = 3;
    context.beginPath();
    this.#trace(context, this.#hovered);
    context.stroke();
  }

  #left(axis: number): number {
    return this.#lefts[axis] ?? margin.left;
  }

  #top(place: number): number {
    return margin.top + (1 - place) * (height - margin.top - margin.bottom);
  }

  #placeAt(top: number): number {
    const place = 1 - (top - margin.top) / (height - margin.top - margin.bottom);
    return Math.min(1, Math.max(0, place));
  }

  /** Lines of one look in one stroke: that many runs are drawn between two frames. */
  #drawLines(
    context: CanvasRenderingContext2D,
    { rows, within, hidden, picked, theme }: ParallelView,
    styleOf: ParallelView['styleOf'],
  ): void {
    const strokes = new Map<string, { look: LineStyle; width: number; rows: number[] }>();
    const isDashed = rows.length <= mostDashed;
    for (const [row, { run }] of rows.entries()) {
      if (hidden.has(run.directory)) continue;
      const isPicked = picked.includes(run.directory);
      const isOut = !within.has(run.directory) || this.#isOutOfPending(row);
      const isMuted = isOut || (picked.length > 0 && !isPicked);
      const style = styleOf(run.directory);
      const look = { color: isMuted ? theme.grid : style.color, dash: isDashed ? style.dash : [] };
      // What is muted lies beneath, what is picked above the others.
      const rank = isPicked ? 2 : Number(!isMuted);
      const key = `${rank} ${look.color} ${look.dash.join()}`;
      const stroke = strokes.get(key) ?? { look, width: isPicked ? 2.5 : 1.25, rows: [] };
      strokes.set(key, stroke);
      stroke.rows.push(row);
    }
    for (const [, { look, width, rows: members }] of [...strokes].sort(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      context.strokeStyle = look.color;
      context.lineWidth = width;
      context.setLineDash([...look.dash]);
      context.beginPath();
      for (const row of members) this.#trace(context, row);
      context.stroke();
    }
    context.setLineDash([]);
  }

  #isOutOfPending(row: number): boolean {
    const { axis, from, to } = this.#pending ?? {};
    if (axis === undefined || from === undefined || to === undefined) return false;
    const { axes, places } = this.#view!.plan;
    const place = places[row * axes.length + axis]!;
    return !(place >= from && place <= to);
  }

  #trace(context: CanvasRenderingContext2D, row: number): void {
    const { axes, places } = this.#view!.plan;
    let isBroken = true;
    for (let k = 0; k < axes.length; k++) {
      const place = places[row * axes.length + k]!;
      if (Number.isNaN(place)) isBroken = true;
      else {
        const [x, y] = [this.#left(k), this.#top(place)];
        if (isBroken) context.moveTo(x, y);
        else context.lineTo(x, y);
        isBroken = false;
      }
    }
  }

  #drawAxis(
    context: CanvasRenderingContext2D,
    left: number,
    { marks }: ParallelAxis,
    theme: Theme,
  ): void {
    context.lineWidth = 1;
    context.strokeStyle = theme.muted;
    line(context, left, this.#top(1), left, this.#top(0));
    context.font = `11px ${theme.fontFamily}`;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    for (const { at, text } of marks) {
      const top = Math.round(this.#top(at)) + 0.5;
      context.strokeStyle = theme.muted;
      context.lineWidth = 1;
      line(context, left, top, left + 4, top);
      const short = text.length > 14 ? `${text.slice(0, 13)}…` : text;
      // Words stand out from the lines beneath them.
      context.strokeStyle = theme.background;
      context.lineWidth = 3;
      context.strokeText(short, left + 7, top);
      context.fillStyle = theme.foreground;
      context.fillText(short, left + 7, top);
    }
  }

  #makeAxis(key: string): AxisParts {
    const name = element('span', { class: 'axis-name' });
    const band = element('div', { class: 'axis-band' });
    const handle = (which: string, isHigh: boolean) => {
      const made = element('div', {
        class: `axis-handle ${which}`,
        role: 'slider',
        tabindex: '0',
        'aria-orientation': 'vertical',
        'aria-valuemin': '0',
        'aria-valuemax': '100',
      });
      onPlainKey(made, (event) => this.#onKey(event, key, isHigh));
      return made;
    };
    const low = handle('low', false);
    const high = handle('high', true);
    const root = element('div', { class: 'parallel-axis' }, name, band, low, high);
    return { root, name, band, low, high };
  }

  #placeHandles(k: number, axis: ParallelAxis, brush: Brush | undefined): void {
    const { root, name, band, low, high } = this.#parts[k]!;
    root.style.left = `${this.#left(k)}px`;
    const room = this.#left(1) - this.#left(0);
    name.style.maxWidth = `${Math.max(40, room - 10)}px`;
    root.classList.toggle('last', k === this.#parts.length - 1);
    const title = axis.kind === 'log' ? `${axis.title}, logarithmic` : axis.title;
    setText(name, axis.title);
    setAttribute(name, 'title', title);
    const pending = this.#pending?.axis === k ? this.#pending : undefined;
    root.classList.toggle('brushed', brush !== undefined || pending !== undefined);
    const [from, to] = pending ? [pending.from, pending.to] : this.#ends(axis, brush);
    band.style.top = `${this.#top(to) - 1}px`;
    band.style.height = `${this.#top(from) - this.#top(to) + 2}px`;
    for (const [handle, place, word] of [
      [low, from, 'least'],
      [high, to, 'most'],
    ] as const) {
      handle.style.top = `${this.#top(place)}px`;
      setAttribute(handle, 'aria-label', `${axis.title}, ${word}`);
      setAttribute(handle, 'aria-valuenow', String(Math.round(100 * place)));
      setAttribute(handle, 'aria-valuetext', axis.text(axis.valueAt(place)));
    }
  }

  /** Where a brush begins and ends on its axis; the ends of the axis where there is none. */
  #ends(axis: ParallelAxis, brush: Brush | undefined): readonly [number, number] {
    if (!brush) return [0, 1];
    const clamped = (place: number) => Math.min(1, Math.max(0, place));
    return [clamped(axis.at(brush.from)), clamped(axis.at(brush.to))];
  }

  #axisOf(key: string): ParallelAxis | undefined {
    return this.#view?.plan.axes.find((axis) => axis.key === key);
  }

  #onKey(event: KeyboardEvent, key: string, isHigh: boolean): void {
    const axis = this.#axisOf(key);
    if (!axis) return;
    const [from, to] = this.#ends(axis, this.#host.brushOf(key));
    const own = isHigh ? to : from;
    const places: Readonly<Record<string, number>> = {
      ArrowUp: axis.next(own, 1),
      ArrowRight: axis.next(own, 1),
      ArrowDown: axis.next(own, -1),
      ArrowLeft: axis.next(own, -1),
      Home: 0,
      End: 1,
    };
    const place = places[event.key];
    if (event.key === 'Escape' || event.key === 'Delete') this.#host.brush(key, undefined);
    else if (place === undefined) return;
    else this.#setBrush(axis, ...this.#moved([from, to], isHigh, place));
    event.preventDefault();
  }

  /** The ends with one of them moved: no further than the other. */
  #moved(
    [from, to]: readonly [number, number],
    isHigh: boolean,
    place: number,
  ): readonly [number, number] {
    return isHigh ? [from, Math.max(from, place)] : [Math.min(to, place), to];
  }

  #setBrush(axis: ParallelAxis, from: number, to: number): void {
    // All of an axis is no brush: what has no value on it stays.
    const isAll = from <= 0 && to >= 1;
    this.#host.brush(axis.key, isAll ? undefined : brushBetween(axis, from, to));
  }

  #pointer(event: PointerEvent): readonly [x: number, y: number] {
    const { left, top } = this.#stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  /** The axis that is near enough to be brushed. */
  #axisNear(x: number): number | undefined {
    const axes = this.#view?.plan.axes ?? [];
    const near = axes.findIndex((_, k) => Math.abs(this.#left(k) - x) <= axisReach);
    return near < 0 ? undefined : near;
  }

  #onDown(event: PointerEvent): void {
    const [x, y] = this.#pointer(event);
    const near = this.#axisNear(x);
    if (near === undefined || event.button !== 0) return;
    const axis = this.#view!.plan.axes[near]!;
    const { low, high } = this.#parts[near]!;
    const [from, to] = this.#ends(axis, this.#host.brushOf(axis.key));
    // A handle that is dragged leaves the other where it is.
    const fixed = event.target === low ? to : event.target === high ? from : this.#placeAt(y);
    const isHandle = event.target === low || event.target === high;
    this.#drag = { axis: near, from: fixed, top: y, isHandle };
    this.#stage.setPointerCapture(event.pointerId);
  }

  #onMove(event: PointerEvent): void {
    const [x, y] = this.#pointer(event);
    const drag = this.#drag;
    const view = this.#view;
    if (!view) return;
    if (drag) {
      const axis = view.plan.axes[drag.axis];
      if (!axis || (!this.#pending && Math.abs(y - drag.top) < 3)) return;
      const place = this.#placeAt(y);
      this.#pending = {
        axis: drag.axis,
        from: Math.min(drag.from, place),
        to: Math.max(drag.from, place),
      };
      this.#host.redraw();
      return;
    }
    const near = this.#axisNear(x);
    this.#stage.classList.toggle('brushable', near !== undefined);
    this.#hover(near === undefined ? this.#rowAt(x, y) : undefined);
  }

  #rowAt(x: number, y: number): number | undefined {
    const { plan, rows, within, hidden } = this.#view!;
    const left = plan.axes.findLastIndex((_, k) => this.#left(k) <= x);
    if (left < 0 || left >= plan.axes.length - 1) return undefined;
    const share = (x - this.#left(left)) / (this.#left(left + 1) - this.#left(left));
    const able = rows.flatMap(({ run: { directory } }, row) =>
      within.has(directory) && !hidden.has(directory) ? [row] : [],
    );
    const place = 1 - (y - margin.top) / (height - margin.top - margin.bottom);
    const found = nearestRow(plan, able, left, share, place);
    const isNear = found && found.distance * (height - margin.top - margin.bottom) <= reach;
    return isNear ? found.row : undefined;
  }

  #onUp(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drag = undefined;
    if (drag) {
      const axis = this.#view?.plan.axes[drag.axis];
      const pending = this.#pending;
      this.#pending = undefined;
      if (axis && pending) this.#setBrush(axis, pending.from, pending.to);
      // A press that moved nothing takes the brush away.
      else if (axis && !drag.isHandle) this.#host.brush(axis.key, undefined);
      this.#host.redraw();
      return;
    }
    const row = this.#rowAt(...this.#pointer(event));
    const directory = row === undefined ? undefined : this.#view?.rows[row]?.run.directory;
    if (directory === undefined) return;
    this.#host.pick(directory, event.ctrlKey || event.metaKey || event.shiftKey);
  }

  #hover(row: number | undefined): void {
    if (row === this.#hovered) return;
    this.#hovered = row;
    this.#tell();
    this.#host.redraw();
  }

  #tell(): void {
    const hovered = this.#hovered === undefined ? undefined : this.#view?.rows[this.#hovered];
    if (!hovered) {
      setText(
        this.#readout,
        'Drag along an axis to keep the runs within; press it for all. Click a line to pick its run.',
      );
      return;
    }
    const parts = this.#view!.plan.axes.map(
      ({ key, title }) => `${title} ${hovered.cells.get(key)?.text ?? '–'}`,
    );
    setText(this.#readout, [hovered.run.name, ...parts].join('   '));
  }
}

/** The parts of an axis that are elements: its name, its brush, and the two ends of that. */
interface AxisParts {
  readonly root: HTMLElement;
  readonly name: HTMLElement;
  readonly band: HTMLElement;
  readonly low: HTMLElement;
  readonly high: HTMLElement;
}
