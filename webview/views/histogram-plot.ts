import { type Histogram, histogram } from '../store/histogram';
import { formatValue } from '../store/number-format';
import { type PlotAxis, placeText } from '../store/plot-window';
import type { Theme } from '../theme';
import { element } from './element';
import type { PlaneLayers } from './plane-plot';
import { type Box, drawAxes, prepareCanvas } from './plot-axes';

/** What a {@link HistogramPlot} shows. */
export interface HistogramView {
  readonly axis: PlotAxis;
  /** Values in model space. */
  readonly data: Float32Array | undefined;
  readonly samples: Float32Array | undefined;
  readonly layers: PlaneLayers;
  readonly theme: Theme;
}

const bins = 60;

/** The distributions of data (filled) and samples (outlined), for one-dimensional runs. */
export class HistogramPlot {
  readonly root: HTMLElement;
  readonly #canvas = element('canvas', { class: 'plot-overlay' });
  readonly #pointed: (text: string | undefined) => void;
  #view: HistogramView | undefined;
  #box: Box = { left: 0, top: 0, width: 1, height: 1 };
  #data: Histogram | undefined;
  #samples: Histogram | undefined;

  /** @param pointed told what is under the pointer, in words, or that it is gone */
  constructor(pointed: (text: string | undefined) => void) {
    this.#pointed = pointed;
    this.root = element(
      'div',
      { class: 'plane-plot', role: 'img', 'data-testid': 'histogram' },
      this.#canvas,
    );
    this.root.addEventListener('pointermove', (event) => this.#pointAt(event));
    this.root.addEventListener('pointerleave', () => this.#pointed(undefined));
  }

  /** Draws into `width` CSS pixels and at most `maxHeight`. */
  draw(view: HistogramView, width: number, maxHeight: number): void {
    this.#view = view;
    const { axis, layers, theme } = view;
    const of = (values: Float32Array | undefined) =>
      values && histogram(values, axis.low, axis.high, bins);
    this.#data = layers.data ? of(view.data) : undefined;
    this.#samples = layers.samples ? of(view.samples) : undefined;
    const height = Math.min(maxHeight, Math.max(180, Math.round(width * 0.6)));
    const box = { left: 54, top: 8, width: Math.max(80, width - 64), height: height - 46 };
    this.#box = box;
    this.root.style.height = `${height}px`;
    const context = prepareCanvas(this.#canvas, width, height);
    if (!context) return;

    const shown = [this.#data, this.#samples].filter((part) => part !== undefined);
    const peak = Math.max(1e-9, ...shown.flatMap(({ densities }) => [...densities]));
    const top = 1.08 * peak;
    if (this.#data) {
      context.fillStyle = theme.filled;
      this.#trace(context, this.#data, top);
      context.fill();
    }
    if (this.#samples) {
      context.strokeStyle = theme.samples;
      context.lineWidth = 1.5;
      context.lineJoin = 'round';
      this.#trace(context, this.#samples, top);
      context.stroke();
    }
    // Densities are per unit of the data.
    const density = { name: 'Density', low: 0, high: top / axis.scale, scale: 1, mean: 0 };
    drawAxes(context, box, axis, density, theme);
  }

  #trace(context: CanvasRenderingContext2D, { densities }: Histogram, top: number): void {
    const { left, top: above, width, height } = this.#box;
    const bottom = above + height;
    context.beginPath();
    context.moveTo(left, bottom);
    for (const [bin, density] of densities.entries()) {
      const y = bottom - (density / top) * height;
      context.lineTo(left + (bin / bins) * width, y);
      context.lineTo(left + ((bin + 1) / bins) * width, y);
    }
    context.lineTo(left + width, bottom);
  }

  #pointAt(event: PointerEvent): void {
    const { left, width } = this.#box;
    const u = (event.clientX - this.root.getBoundingClientRect().left - left) / width;
    const view = this.#view;
    if (!view || !(u >= 0 && u < 1)) {
      this.#pointed(undefined);
      return;
    }
    const { axis } = view;
    const bin = Math.floor(u * bins);
    const parts = [`${axis.name} ${placeText(axis, axis.low + u * (axis.high - axis.low))}`];
    const tell = (name: string, part: Histogram | undefined) => {
      if (part) parts.push(`${name} ${formatValue(part.densities[bin]! / axis.scale)}`);
    };
    tell('data', this.#data);
    tell('samples', this.#samples);
    this.#pointed(parts.join('   '));
  }
}
