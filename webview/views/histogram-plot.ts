import { robustRange } from '../../protocol/energy-range';
import { type Histogram, histogram } from '../store/histogram';
import { alongLine, lineDensity } from '../store/line-density';
import { formatValue } from '../store/number-format';
import { type PlotAxis, placeText } from '../store/plot-window';
import type { Theme } from '../theme';
import { element, onPlainKey } from './element';
import type { PlaneLayers } from './plane-plot';
import { type Box, drawAxes, prepareCanvas } from './plot-axes';

/** What a {@link HistogramPlot} shows. */
export interface HistogramView {
  readonly axis: PlotAxis;
  /** Energies at the middles of equal cells of the window. */
  readonly field: Float32Array | undefined;
  /** Values in model space. */
  readonly data: Float32Array | undefined;
  readonly samples: Float32Array | undefined;
  /** Its `field` is the curve of the energy, its `contours` the density of the model. */
  readonly layers: PlaneLayers;
  readonly theme: Theme;
}

const bins = 60;
/** Of the height of both, what the curve of the energy takes. */
const energyShare = 0.32;
const gap = 14;
const margin = { left: 54, right: 10, top: 8, bottom: 38 };

/**
 * One-dimensional runs: the distributions of data (filled) and samples (outlined), the density of the
 * model over them (dashed), and its energy beneath, on one axis.
 */
export class HistogramPlot {
  readonly root: HTMLElement;
  readonly #canvas = element('canvas', { class: 'plot-overlay' });
  readonly #crosshair = element('div', { class: 'crosshair crosshair-x' });
  readonly #pointed: (text: string | undefined) => void;
  #view: HistogramView | undefined;
  #box: Box = { left: 0, top: 0, width: 1, height: 1 };
  #data: Histogram | undefined;
  #samples: Histogram | undefined;
  #density: Float64Array | undefined;
  /** Where the crosshair stands, as a share of the window. */
  #pointer: number | undefined;

  /** @param pointed told what is under the crosshair, in words, or that it is gone */
  constructor(pointed: (text: string | undefined) => void) {
    this.#pointed = pointed;
    this.root = element(
      'div',
      { class: 'plane-plot', role: 'img', tabindex: '0', 'data-testid': 'histogram' },
      this.#canvas,
      this.#crosshair,
    );
    this.root.addEventListener('pointermove', (event) => this.#pointAt(event));
    this.root.addEventListener('pointerleave', () => this.#point(undefined));
    this.root.addEventListener('blur', () => this.#point(undefined));
    onPlainKey(this.root, (event) => this.#onKey(event));
  }

  /** Why there is no density of the model though there are energies; nothing where there is one. */
  get note(): string | undefined {
    return this.#view?.field && !this.#density
      ? 'The energy is not a finite number somewhere in this window: its density is not known.'
      : undefined;
  }

  /** Draws into `width` CSS pixels and at most `maxHeight`. */
  draw(view: HistogramView, width: number, maxHeight: number): void {
    this.#view = view;
    const { axis, layers, theme, field } = view;
    const of = (values: Float32Array | undefined) =>
      values && histogram(values, axis.low, axis.high, bins);
    this.#data = layers.data ? of(view.data) : undefined;
    this.#samples = layers.samples ? of(view.samples) : undefined;
    this.#density = field && lineDensity(field, [axis.low, axis.high]);
    const hasEnergy = field !== undefined && layers.field;
    const height = Math.min(maxHeight, Math.max(180, Math.round(width * (field ? 0.8 : 0.6))));
    const free = height - margin.top - margin.bottom;
    const below = hasEnergy ? Math.round(free * energyShare) : 0;
    const plotWidth = Math.max(80, width - margin.left - margin.right);
    const box = {
      ...{ left: margin.left, top: margin.top, width: plotWidth },
      height: hasEnergy ? free - below - gap : free,
    };
    this.#box = { ...box, height: free };
    this.root.style.height = `${height}px`;
    const context = prepareCanvas(this.#canvas, width, height);
    if (!context) return;

    const density = layers.contours ? this.#density : undefined;
    const shown = [this.#data, this.#samples].filter((part) => part !== undefined);
    const heights = [...shown.flatMap(({ densities }) => [...densities]), ...(density ?? [])];
    const top = 1.08 * heights.reduce((most, value) => Math.max(most, value), 1e-9);
    if (this.#data) {
      context.fillStyle = theme.filled;
      trace(context, box, this.#data, top);
      context.fill();
    }
    if (this.#samples) {
      context.strokeStyle = theme.samples;
      context.lineWidth = 1.5;
      context.lineJoin = 'round';
      trace(context, box, this.#samples, top);
      context.stroke();
    }
    if (density) {
      context.strokeStyle = theme.curves[0]!;
      context.lineWidth = 2;
      context.setLineDash([7, 3]);
      along(context, box, density, { low: 0, high: top });
      context.setLineDash([]);
    }
    // Densities are per unit of the data.
    const ofDensity = { name: 'Density', low: 0, high: top / axis.scale, scale: 1, mean: 0 };
    drawAxes(
      context,
      box,
      hasEnergy ? { ...axis, name: '', isBare: true } : axis,
      ofDensity,
      theme,
    );
    if (hasEnergy)
      this.#drawEnergy(context, field, { ...box, top: box.top + box.height + gap, height: below });
    if (this.#pointer !== undefined) this.#tell();
  }

  #drawEnergy(context: CanvasRenderingContext2D, field: Float32Array, box: Box): void {
    const { axis, theme } = this.#view!;
    const hasScale = field.some((energy) => Number.isFinite(energy));
    const { low, high } = hasScale ? robustRange(field) : { low: 0, high: 1 };
    const air = 0.06 * (high - low || 1);
    const range = { low: low - air, high: high + air };
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    context.strokeStyle = theme.foreground;
    context.lineWidth = 1.5;
    along(context, box, field, range);
    context.restore();
    drawAxes(context, box, axis, { name: 'Energy', ...range, scale: 1, mean: 0 }, theme);
  }

  #pointAt(event: PointerEvent): void {
    const { left, width } = this.#box;
    const u = (event.clientX - this.root.getBoundingClientRect().left - left) / width;
    this.#point(u >= 0 && u < 1 ? u : undefined);
  }

  #onKey(event: KeyboardEvent): void {
    const far = event.shiftKey ? 0.1 : 0.01;
    const step = { ArrowLeft: -far, ArrowRight: far }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#point(Math.min(0.999, Math.max(0, (this.#pointer ?? 0.5) + step)));
  }

  #point(u: number | undefined): void {
    this.#pointer = u;
    this.root.classList.toggle('pointing', u !== undefined);
    this.#tell();
  }

  #tell(): void {
    const view = this.#view;
    const u = this.#pointer;
    if (!view || u === undefined) {
      this.#pointed(undefined);
      return;
    }
    const { left, top, width, height } = this.#box;
    this.#crosshair.style.transform = `translate(${left + u * width}px, ${top}px)`;
    this.#crosshair.style.height = `${height}px`;
    const { axis, field } = view;
    const bin = Math.floor(u * bins);
    const parts = [`${axis.name} ${placeText(axis, axis.low + u * (axis.high - axis.low))}`];
    if (field) parts.push(`E ${formatValue(alongLine(field, u))}`);
    if (this.#density)
      parts.push(`density ${formatValue(alongLine(this.#density, u) / axis.scale)}`);
    const tell = (name: string, part: Histogram | undefined) => {
      if (part) parts.push(`${name} ${formatValue(part.densities[bin]! / axis.scale)}`);
    };
    tell('data', this.#data);
    tell('samples', this.#samples);
    this.#pointed(parts.join('   '));
  }
}

/** The outline of a histogram, from the bottom of the box and back to it. */
export function trace(
  context: CanvasRenderingContext2D,
  { left, top: above, width, height }: Box,
  { densities }: Histogram,
  top: number,
): void {
  const bottom = above + height;
  const wide = width / densities.length;
  context.beginPath();
  context.moveTo(left, bottom);
  for (const [bin, density] of densities.entries()) {
    const y = bottom - (density / top) * height;
    context.lineTo(left + bin * wide, y);
    context.lineTo(left + (bin + 1) * wide, y);
  }
  context.lineTo(left + width, bottom);
}

/** Strokes values at the middles of equal cells of a box; what is not finite breaks the line. */
function along(
  context: CanvasRenderingContext2D,
  { left, top, width, height }: Box,
  values: Float32Array | Float64Array,
  { low, high }: { readonly low: number; readonly high: number },
): void {
  context.beginPath();
  let isBroken = true;
  for (const [cell, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      isBroken = true;
      continue;
    }
    const x = left + ((cell + 0.5) / values.length) * width;
    const y = top + height - ((value - low) / (high - low)) * height;
    if (isBroken) context.moveTo(x, y);
    else context.lineTo(x, y);
    isBroken = false;
  }
  context.stroke();
}
