import { pointPicture } from '../gl/point-picture';
import { histogram } from '../store/histogram';
import { formatTick } from '../store/number-format';
import {
  boxOf,
  correlation,
  mostChoices,
  type PairCell,
  type PairGrid,
  pairCells,
  pairGrid,
  withToggled,
} from '../store/pair-grid';
import type { PlotAxis } from '../store/plot-window';
import { column, plane } from '../store/point-set';
import type { Theme } from '../theme';
import { element, setAttribute } from './element';
import { trace } from './histogram-plot';
import { type Box, drawAxes, prepareCanvas } from './plot-axes';
import { type PointClasses, pointLayers } from './point-layers';

/** What a {@link PairPlot} shows. */
interface PairView {
  /** All axes of the table. */
  readonly axes: readonly PlotAxis[];
  /** Those shown, ascending. */
  readonly columns: readonly number[];
  /** `[count, axes.length]` rows in model space. */
  readonly data: Float32Array | undefined;
  readonly samples: Float32Array | undefined;
  /** By which points are coloured, where they are. */
  readonly classes?: PointClasses | undefined;
  readonly layers: { readonly data: boolean; readonly samples: boolean };
  readonly theme: Theme;
}

/** What a pair plot asks of the page. */
interface PairHost {
  /** Told what is under the pointer or has the focus, in words, or that there is nothing. */
  readonly pointed: (text: string | undefined) => void;
  /** The user wants other columns. */
  readonly selectColumns: (columns: readonly number[]) => void;
  /** The user wants to see two columns alone: across and upwards. */
  readonly openPair: (axes: readonly [number, number]) => void;
}

const bins = 30;
const margin = { left: 54, right: 4, top: 4, bottom: 38 };
/** Densities of columns are of different units: they have no numbers. */
const unmarked = { low: 0, high: 1, scale: 1, mean: 0, levels: [] } as const;

/**
 * Columns of a table against one another: samples over data for each pair below the diagonal, the
 * distribution of each column on it, and correlations above.
 */
export class PairPlot {
  readonly root: HTMLElement;
  readonly #host: PairHost;
  readonly #choices = element('div', {
    class: 'legend pair-columns',
    role: 'group',
    'aria-label': 'Columns',
  });
  readonly #canvas = element('canvas', { 'aria-hidden': 'true', 'data-testid': 'pairs-canvas' });
  readonly #cells = element('div', { class: 'pair-cells', role: 'group' });
  #buttons: readonly HTMLButtonElement[] = [];
  #view: PairView | undefined;
  /** The columns that were asked for last, be they drawn already or not. */
  #chosen: readonly number[] = [];

  constructor(host: PairHost) {
    this.#host = host;
    const plot = element('div', { class: 'pair-plot' }, this.#canvas, this.#cells);
    this.root = element('div', { 'data-testid': 'pairs' }, this.#choices, plot);
    this.#cells.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** Draws into `width` CSS pixels and at most `maxHeight`; `label` is the whole in words. */
  draw(view: PairView, label: string, width: number, maxHeight: number): void {
    const { axes, columns } = view;
    if (axes !== this.#view?.axes) this.#offer(axes);
    this.#view = view;
    this.#chosen = columns;
    for (const [k, choice] of [...this.#choices.children].entries()) {
      setAttribute(choice, 'aria-pressed', String(columns.includes(k)));
      // Still to be reached by keys: it says why it cannot be pressed.
      const isFixed = withToggled(columns, k) === undefined;
      setAttribute(choice, 'aria-disabled', isFixed ? 'true' : undefined);
    }
    const grid = pairGrid(columns.length, [width, maxHeight], margin);
    const { width: cellWidth, height: cellHeight, gap, count } = grid;
    const height = margin.top + count * (cellHeight + gap) - gap + margin.bottom;
    const context = prepareCanvas(this.#canvas, margin.left + count * (cellWidth + gap), height);
    setAttribute(this.#cells, 'aria-label', label);
    const correlations = this.#correlations(view);
    this.#place(grid, view, correlations);
    if (!context) return;
    for (const [k, cell] of pairCells(count).entries()) {
      drawPair(context, boxOf(grid, cell), view, cell);
      drawWords(context, boxOf(grid, { row: cell.column, column: cell.row }), {
        words: correlations[k]!,
        theme: view.theme,
      });
    }
    for (let k = 0; k < count; k++) {
      drawColumn(context, boxOf(grid, { row: k, column: k }), view, k);
    }
  }

  #offer(axes: readonly PlotAxis[]): void {
    const choices = axes.slice(0, mostChoices).map(({ name }, k) => {
      const choice = element('button', { class: 'layer', type: 'button' }, name);
      choice.addEventListener('click', () => {
        const next = withToggled(this.#chosen, k);
        if (next === undefined) return;
        this.#chosen = next;
        this.#host.selectColumns(next);
      });
      return choice;
    });
    this.#choices.replaceChildren(...choices);
  }

  /** Of each cell, how its columns are correlated in what is shown. */
  #correlations({ axes, columns, data, samples, layers }: PairView): readonly Words[] {
    return pairCells(columns.length).map(({ row, column: across }) => {
      const pair = [columns[across]!, columns[row]!] as const;
      const of = (values: Float32Array | undefined) =>
        values && correlationText(correlation(values, axes.length, pair));
      const words: { -readonly [K in keyof Words]: Words[K] } = {};
      const [ofData, ofSamples] = [layers.data && of(data), layers.samples && of(samples)];
      if (ofData) words.data = ofData;
      if (ofSamples) words.samples = ofSamples;
      return words;
    });
  }

  /** A button over each pair, of which the keyboard reaches one and goes on by arrows. */
  #place(grid: PairGrid, { axes, columns }: PairView, correlations: readonly Words[]): void {
    const cells = pairCells(grid.count);
    if (this.#buttons.length !== cells.length) {
      this.#buttons = cells.map((_, k) => this.#makeButton(k));
      this.#cells.replaceChildren(...this.#buttons);
    }
    for (const [k, { row, column: across }] of cells.entries()) {
      const button = this.#buttons[k]!;
      const { left, top, width, height } = boxOf(grid, { row, column: across });
      Object.assign(button.style, {
        ...{ left: `${left}px`, top: `${top}px` },
        ...{ width: `${width}px`, height: `${height}px` },
      });
      const told = Object.entries(correlations[k]!).map(([of, text]) => `${of} ${text}`);
      const names = `${axes[columns[across]!]!.name} and ${axes[columns[row]!]!.name}`;
      setAttribute(
        button,
        'aria-label',
        told.length > 0 ? `${names}: correlation of ${told.join(', of ')}` : names,
      );
    }
  }

  #makeButton(k: number): HTMLButtonElement {
    const button = element('button', {
      class: 'pair-cell',
      type: 'button',
      tabindex: k === 0 ? '0' : '-1',
      title: 'Show this pair alone',
    });
    const tell = () => this.#host.pointed(button.getAttribute('aria-label') ?? '');
    const forget = () => this.#host.pointed(undefined);
    button.addEventListener('pointerenter', tell);
    button.addEventListener('focus', tell);
    button.addEventListener('pointerleave', forget);
    button.addEventListener('blur', forget);
    button.addEventListener('click', () => {
      const columns = this.#view?.columns ?? [];
      const { row, column: across } = pairCells(columns.length)[k]!;
      this.#host.openPair([columns[across]!, columns[row]!]);
    });
    return button;
  }

  #onKey(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, readonly [down: number, right: number]>> = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
    };
    const step = steps[event.key];
    const at = this.#buttons.findIndex((button) => button.matches(':focus'));
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const cells = pairCells(this.#view?.columns.length ?? 0);
    const { row, column: across } = cells[at]!;
    const next = cells.findIndex(
      (cell) => cell.row === row + step[0] && cell.column === across + step[1],
    );
    if (next < 0) return;
    for (const [k, button] of this.#buttons.entries()) button.tabIndex = k === next ? 0 : -1;
    this.#buttons[next]!.focus();
  }
}

/** Correlations in words, as far as they are shown. */
interface Words {
  readonly data?: string;
  readonly samples?: string;
}

function correlationText(value: number | undefined): string {
  return value === undefined ? 'not defined' : formatTick(value, 0.01);
}

/** Points of two columns, with the marks of its axes where it is the outermost. */
function drawPair(
  context: CanvasRenderingContext2D,
  box: Box,
  { axes, columns, data, samples, classes, layers, theme }: PairView,
  { row, column: across }: PairCell,
): void {
  const pair = [columns[across]!, columns[row]!] as const;
  const [x, y] = [axes[pair[0]]!, axes[pair[1]]!];
  const points = (values: Float32Array | undefined) => values && plane(values, axes.length, pair);
  const shown = { x, y, classes, layers, theme, data: points(data), samples: points(samples) };
  const ratio = window.devicePixelRatio;
  const toPixels = (length: number) => Math.round(length * ratio);
  const picture = pointPicture(
    pointLayers(shown, box.width),
    { xLow: x.low, xHigh: x.high, yLow: y.low, yHigh: y.high },
    [toPixels(box.width), toPixels(box.height)],
    ratio,
  );
  context.putImageData(picture, toPixels(box.left), toPixels(box.top));
  drawAxes(
    context,
    box,
    row === columns.length - 1 ? x : bare(x),
    across === 0 ? y : bare(y),
    theme,
  );
}

/** The distributions of a column, data (filled) and samples (outlined). */
function drawColumn(
  context: CanvasRenderingContext2D,
  box: Box,
  { axes, columns, data, samples, layers, theme }: PairView,
  k: number,
): void {
  const dimension = columns[k]!;
  const axis = axes[dimension]!;
  const of = (values: Float32Array | undefined) =>
    values && histogram(column(values, axes.length, dimension), axis.low, axis.high, bins);
  const [ofData, ofSamples] = [
    layers.data ? of(data) : undefined,
    layers.samples ? of(samples) : undefined,
  ];
  const densities = [ofData, ofSamples].flatMap((part) => [...(part?.densities ?? [])]);
  const top = 1.05 * densities.reduce((most, density) => Math.max(most, density), 1e-9);
  if (ofData) {
    context.fillStyle = theme.filled;
    trace(context, box, ofData, top);
    context.fill();
  }
  if (ofSamples) {
    context.strokeStyle = theme.samples;
    context.lineWidth = 1.5;
    trace(context, box, ofSamples, top);
    context.stroke();
  }
  const isLast = k === columns.length - 1;
  const density = { name: k === 0 ? axis.name : '', ...unmarked };
  drawAxes(context, box, isLast ? axis : bare(axis), density, theme);
}

/** Words in the middle of a cell, each on a line of its own. */
function drawWords(
  context: CanvasRenderingContext2D,
  box: Box,
  { words, theme }: { readonly words: Words; readonly theme: Theme },
): void {
  const lines = Object.values(words) as readonly string[];
  context.fillStyle = theme.foreground;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `11px ${theme.fontFamily}`;
  for (const [k, text] of lines.entries()) {
    const y = box.top + box.height / 2 + 15 * (k - (lines.length - 1) / 2);
    context.fillText(text === 'not defined' ? '–' : text, box.left + box.width / 2, y, box.width);
  }
}

function bare(axis: PlotAxis): PlotAxis {
  return { ...axis, name: '', isBare: true };
}
