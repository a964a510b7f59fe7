import { formatCount } from '../../vocabulary/quantities';
import { type Histogram, histogram } from '../store/histogram';
import { formatSpread } from '../store/number-format';
import { inDataUnits, type PlotAxis, plotAxis } from '../store/plot-window';
import { column, moments } from '../store/point-set';
import type { Theme } from '../theme';
import { element, setText } from './element';
import { trace } from './histogram-plot';
import { Memo } from './memo';
import type { PanelModel } from './panel-model';
import { prepareCanvas } from './plot-axes';

const bins = 30;
const plotHeight = 56;
/** Of wider tables the first columns are shown. */
const mostColumns = 48;

/** The distribution of each column of a table, data (filled) and samples (outlined), with its moments. */
export class Columns {
  readonly root: HTMLElement;
  readonly #note = element('span', { class: 'pane-note' });
  readonly #list = element('ul', { class: 'columns' });
  readonly #drawing = new Memo();
  readonly #making = new Memo();
  #figures: readonly ColumnFigure[] = [];

  /** @param redraw asks for a new frame */
  constructor(redraw: () => void) {
    this.root = element(
      'section',
      { class: 'pane', 'aria-label': 'Columns', 'data-testid': 'columns' },
      element('div', { class: 'pane-head' }, element('h2', {}, 'Columns'), this.#note),
      this.#list,
    );
    new ResizeObserver(redraw).observe(this.#list);
  }

  render({ panel, frame, theme }: PanelModel): void {
    const { preview: layout, transform } = panel.manifest;
    const isTable =
      layout !== undefined && layout.dimensions > 2 && !layout.image && !layout.categories;
    this.root.hidden = !isTable || (!frame && !panel.data);
    if (this.root.hidden || !layout) return;
    const { dimensions } = layout;
    const count = Math.min(mostColumns, dimensions);
    if (this.#making.changed(layout, panel.runDirectory)) {
      this.#figures = Array.from({ length: count }, () => new ColumnFigure());
      this.#list.replaceChildren(...this.#figures.map(({ root }) => root));
    }
    const part = count < dimensions ? `the first ${count} of ${formatCount(dimensions)}` : '';
    setText(
      this.#note,
      [part, frame && `step ${formatCount(frame.step)}`].filter(Boolean).join(' · '),
    );
    const width = this.#figures[0]?.width ?? 0;
    const inputs = [frame?.samples, panel.data, layout, theme, width, window.devicePixelRatio];
    if (width === 0 || !this.#drawing.changed(...inputs)) return;
    for (const [dimension, figure] of this.#figures.entries()) {
      const of = (values: Float32Array | undefined) =>
        values && column(values, dimensions, dimension);
      figure.draw(
        plotAxis(layout, transform, dimension),
        { data: of(panel.data?.values), samples: of(frame?.samples) },
        theme,
        width,
      );
    }
  }
}

/** Values of a column in model space. */
interface ColumnValues {
  readonly data: Float32Array | undefined;
  readonly samples: Float32Array | undefined;
}

/** One column: its name, its histograms, its moments in words. */
class ColumnFigure {
  readonly root: HTMLElement;
  readonly #name = element('span', { class: 'column-name' });
  readonly #canvas = element('canvas', { 'aria-hidden': 'true' });
  readonly #holder = element('div', { class: 'column-plot' }, this.#canvas);
  readonly #data = element('span', { class: 'column-moments' });
  readonly #samples = element('span', { class: 'column-moments' });

  constructor() {
    this.root = element('li', {}, this.#name, this.#holder, this.#data, this.#samples);
  }

  get width(): number {
    return this.#holder.clientWidth;
  }

  draw(axis: PlotAxis, { data, samples }: ColumnValues, theme: Theme, width: number): void {
    setText(this.#name, axis.name);
    this.#name.title = axis.name;
    setText(this.#data, momentsText('Data', data, axis));
    setText(this.#samples, momentsText('Samples', samples, axis));
    const of = (values: Float32Array | undefined) =>
      values && histogram(values, axis.low, axis.high, bins);
    drawMarginal(this.#canvas, { data: of(data), samples: of(samples) }, theme, width);
  }
}

/** Both over one another, on one scale. */
function drawMarginal(
  canvas: HTMLCanvasElement,
  parts: { readonly data: Histogram | undefined; readonly samples: Histogram | undefined },
  theme: Theme,
  width: number,
): void {
  const context = prepareCanvas(canvas, width, plotHeight);
  if (!context) return;
  const box = { left: 1, top: 1, width: width - 2, height: plotHeight - 2 };
  const heights = [parts.data, parts.samples].flatMap((part) => [...(part?.densities ?? [])]);
  const top = 1.05 * heights.reduce((most, density) => Math.max(most, density), 1e-9);
  if (parts.data) {
    context.fillStyle = theme.filled;
    trace(context, box, parts.data, top);
    context.fill();
  }
  if (parts.samples) {
    context.strokeStyle = theme.samples;
    context.lineWidth = 1.5;
    trace(context, box, parts.samples, top);
    context.stroke();
  }
  context.fillStyle = theme.border;
  context.fillRect(0, plotHeight - 1, width, 1);
}

function momentsText(name: string, values: Float32Array | undefined, axis: PlotAxis): string {
  const found = values && moments(values);
  if (!found) return '';
  const spread = formatSpread(
    inDataUnits(axis, found.mean),
    Math.abs(axis.scale) * found.deviation,
  );
  return `${name} ${spread}`;
}
