import { type EnergyRange, robustRange } from '../../protocol/energy-range';
import type { FieldStack } from '../../protocol/run';
import { viridis } from '../../protocol/viridis';
import { formatWithError } from '../../vocabulary/with-error';
import { createPlaneRenderer, type PlaneRenderer } from '../gl/plane-renderer';
import type { ChainTracks } from '../store/chain-tracks';
import { classesAt } from '../store/class-fields';
import type { Rgba } from '../store/contrast';
import { drifted, energyAt } from '../store/energy-range';
import { drawableField, type FieldHoles, holesOf } from '../store/field-holes';
import { formatTick, formatValue } from '../store/number-format';
import { inDataUnits, type PlotAxis, placeText, plotAspect } from '../store/plot-window';
import { scoreAt } from '../store/score-field';
import { className } from '../store/sheet-order';
import { axisTicks, niceTicks } from '../store/ticks';
import { rgba, type Theme } from '../theme';
import { ChainLayer } from './chain-layer';
import { ClassRegions } from './class-regions';
import { element, onPlainKey } from './element';
import { type Box, drawAxes, line, prepareCanvas } from './plot-axes';
import { type PointClasses, pointLayers } from './point-layers';
import { ScoreArrowLayer } from './score-arrows';

/** What can be switched off in the picture. */
export interface PlaneLayers {
  readonly field: boolean;
  readonly contours: boolean;
  readonly data: boolean;
  readonly samples: boolean;
  /** Arrows along the score. Not shown where absent. */
  readonly score?: boolean;
  /** The ways of some chains. Not shown where absent. */
  readonly chains?: boolean;
  /** Points in the colours of their classes. Not so where absent. */
  readonly classes?: boolean;
}

/** What a {@link PlanePlot} shows. */
export interface PlaneView {
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  /** `[resolution, resolution]` energies over the window. */
  readonly field: { readonly values: Float32Array; readonly resolution: number } | undefined;
  /** The energies of each class, where the model knows them. */
  readonly classFields?: FieldStack | undefined;
  /** What the classes are called, in the order of their numbers. */
  readonly classNames?: readonly string[];
  /** Whether the regions of the classes are shown in place of the energies' colours, and told in place of scores. */
  readonly hasRegions?: boolean;
  /** The energies at the ends of the colour scale, where others are to be compared with it. */
  readonly range?: EnergyRange | undefined;
  /** `[count, 2]` points in model space. */
  readonly data: Float32Array | undefined;
  readonly samples: Float32Array | undefined;
  /** By which points are coloured, where they are. */
  readonly classes?: PointClasses | undefined;
  readonly chains?: ChainTracks | undefined;
  /** Whether the model has other coordinates than the axes are in: the data were standardised. */
  readonly isStandardised?: boolean;
  readonly layers: PlaneLayers;
  readonly theme: Theme;
}

/** About how many contour lines lie between the two ends of the colour scale. */
const contourCount = 10;

/** Samples over data over the energy field, with axes, a colour bar and a crosshair. */
export class PlanePlot {
  readonly root: HTMLElement;
  readonly #renderer: PlaneRenderer;
  readonly #overlay = element('canvas', { class: 'plot-overlay', 'data-testid': 'plane-overlay' });
  readonly #regions = new ClassRegions();
  readonly #arrows = new ScoreArrowLayer();
  readonly #chains = new ChainLayer();
  readonly #crosshairX = element('div', { class: 'crosshair crosshair-x' });
  readonly #crosshairY = element('div', { class: 'crosshair crosshair-y' });
  readonly #pointed: (text: string | undefined) => void;
  readonly #picked: (point: Float32Array) => void;
  #view: PlaneView | undefined;
  #box: Box = { left: 0, top: 0, width: 1, height: 1 };
  /** The field as it came, as it is drawn (all finite), and the range of its colours. */
  #field:
    | {
        readonly raw: Float32Array;
        readonly values: Float32Array;
        readonly holes: FieldHoles | undefined;
      }
    | undefined;
  #range: EnergyRange | undefined;
  /** Where the crosshair stands, as shares of the window; none where it is not shown. */
  #pointer: readonly [number, number] | undefined;

  /**
   * @param pointed told what is under the crosshair, in words, or that it is gone
   * @param redraw asks for the plot to be drawn again
   * @param picked told the place of the crosshair, in model space, when somebody clicks or presses Enter
   */
  constructor(
    pointed: (text: string | undefined) => void,
    redraw: () => void,
    picked: (point: Float32Array) => void = () => undefined,
  ) {
    this.#pointed = pointed;
    this.#picked = picked;
    this.#renderer = createPlaneRenderer(redraw);
    const { canvas, kind } = this.#renderer;
    canvas.className = 'plot-picture';
    this.root = element(
      'div',
      {
        class: 'plane-plot',
        tabindex: '0',
        role: 'img',
        'data-renderer': kind,
        'data-testid': 'plane',
      },
      // Beneath the picture, which is clear where no colours of energies are shown.
      this.#regions.canvas,
      canvas,
      this.#overlay,
      this.#chains.canvas,
      this.#crosshairX,
      this.#crosshairY,
    );
    this.root.addEventListener('pointermove', (event) => this.#pointAt(event));
    this.root.addEventListener('click', () => this.#pick());
    this.root.addEventListener('pointerleave', () => this.#point(undefined));
    this.root.addEventListener('blur', () => this.#point(undefined));
    onPlainKey(this.root, (event) => this.#onKey(event));
  }

  /** The energies at the ends of the colour scale now; none where no energy is a number. */
  get range(): EnergyRange | undefined {
    return this.#view?.range ?? this.#range;
  }

  /** Where the energies are not numbers, in words; nothing where all are. */
  get holes(): string | undefined {
    const holes = this.#field?.holes;
    if (!holes || !this.#view) return undefined;
    if (holes.share === 1) return 'The energy is not a number anywhere in this window.';
    const { x, y } = this.#view;
    const stretch = (axis: PlotAxis, ends: readonly [number, number]) => {
      const [from, to] = ends.map((share) =>
        formatValue(inDataUnits(axis, axis.low + share * (axis.high - axis.low))),
      );
      return `${axis.name} from ${from} to ${to}`;
    };
    const share = holes.share < 0.01 ? 'less than 1' : Math.round(100 * holes.share);
    return `The energy is not a number in ${share} % of this window (hatched): within ${stretch(x, holes.u)}, ${stretch(y, holes.v)}.`;
  }

  /** The energy between two contour lines now. */
  get contourStep(): number | undefined {
    const { range } = this;
    return range && niceTicks(range.low, range.high, contourCount).increment;
  }

  /** The size of a score whose arrow has its full length; none where no arrows are drawn. */
  get scoreScale(): number | undefined {
    return this.#arrows.scale;
  }

  /** Other energies, which have nothing to do with those shown. */
  forgetRange(): void {
    this.#range = undefined;
    this.#field = undefined;
  }

  /** Draws into `width` CSS pixels and at most `maxHeight`. */
  draw(view: PlaneView, width: number, maxHeight: number): void {
    this.#view = view;
    this.#takeField(view.field);
    const { x, y, layers, theme } = view;
    const hasBar = view.field !== undefined;
    const margin = { left: 54, right: hasBar ? 68 : 10, top: 8, bottom: 38 };
    const aspect = plotAspect(x, y);
    const freeWidth = Math.max(80, width - margin.left - margin.right);
    const freeHeight = Math.max(80, maxHeight - margin.top - margin.bottom);
    const plotWidth = Math.floor(Math.min(freeWidth, freeHeight * aspect));
    const plotHeight = Math.floor(plotWidth / aspect);
    const box = {
      left: margin.left + Math.floor((freeWidth - plotWidth) / 2),
      top: margin.top,
      width: plotWidth,
      height: plotHeight,
    };
    const height = plotHeight + margin.top + margin.bottom;
    this.root.style.height = `${height}px`;
    this.#place(box);

    this.#renderer.draw({
      window: { xLow: x.low, xHigh: x.high, yLow: y.low, yHigh: y.high },
      field:
        view.field && this.#field
          ? {
              values: this.#field.values,
              holes: this.#field.holes?.mask,
              resolution: view.field.resolution,
            }
          : undefined,
      showField: layers.field && !view.hasRegions,
      range: this.range ?? { low: 0, high: 1 },
      contourStep: layers.contours ? this.contourStep : undefined,
      contourColor: contourColor(view),
      layers: pointLayers(view, plotWidth),
    });

    const regions = view.hasRegions && layers.field ? view.classFields : undefined;
    this.#regions.draw(regions, view.classNames?.length ?? 0, box, theme);

    const context = prepareCanvas(this.#overlay, width, height);
    if (!context) return;
    this.#arrows.draw(context, box, view, layers.score ? view.field : undefined);
    drawAxes(context, box, x, y, theme);
    const tracks = layers.chains ? view.chains : undefined;
    this.#chains.draw(tracks && { tracks, x, y, box, theme }, width, height);
    // Its room stays when the colours go: the plot does not jump.
    if (hasBar && layers.field && !view.hasRegions && this.range) {
      this.#drawColorBar(context, box, this.range, theme);
    }
    if (this.#pointer) this.#tell();
  }

  #place(box: Box): void {
    const { canvas } = this.#renderer;
    const ratio = window.devicePixelRatio;
    const isResized =
      canvas.width !== Math.round(box.width * ratio) ||
      canvas.height !== Math.round(box.height * ratio);
    if (isResized) this.#renderer.resize(box.width, box.height, ratio);
    this.#box = box;
    canvas.style.left = `${box.left}px`;
    canvas.style.top = `${box.top}px`;
    canvas.style.width = `${box.width}px`;
    canvas.style.height = `${box.height}px`;
  }

  #takeField(field: PlaneView['field']): void {
    const raw = field?.values;
    if (raw === this.#field?.raw) return;
    if (field === undefined || raw === undefined) {
      this.#field = undefined;
      return;
    }
    const holes = holesOf(raw, field.resolution);
    const next = robustRange(raw);
    // A scale of no energies would be made up.
    const hasScale = raw.some((energy) => Number.isFinite(energy));
    this.#range = hasScale ? drifted(this.#range, next) : undefined;
    // A shader would spread one value that is not finite over its neighbours.
    this.#field = { raw, values: drawableField(raw, next), holes };
  }

  #drawColorBar(
    context: CanvasRenderingContext2D,
    box: Box,
    { low, high }: EnergyRange,
    theme: Theme,
  ): void {
    const left = box.left + box.width + 12;
    const width = 10;
    const bottom = box.top + box.height;
    const gradient = context.createLinearGradient(0, bottom, 0, box.top);
    for (let k = 0; k <= 32; k++) {
      const [r, g, b] = viridis(1 - k / 32).map((channel) => Math.round(255 * channel));
      gradient.addColorStop(k / 32, `rgb(${r}, ${g}, ${b})`);
    }
    context.fillStyle = gradient;
    context.fillRect(left, box.top, width, box.height);
    context.strokeStyle = theme.border;
    context.strokeRect(left - 0.5, box.top - 0.5, width + 1, box.height + 1);

    context.fillStyle = theme.muted;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    const ticks = axisTicks(low, high, Math.floor(box.height / 48));
    for (const value of ticks.values) {
      const at = Math.round(bottom - ((value - low) / (high - low)) * box.height) + 0.5;
      line(context, left + width + 1, at, left + width + 4, at);
      context.fillText(formatTick(value, ticks.increment), left + width + 7, at);
    }
    context.fillStyle = theme.foreground;
    context.textAlign = 'center';
    context.textBaseline = 'bottom';
    context.fillText('Energy', left + width + 8, bottom + 36);
  }

  #pointAt(event: PointerEvent): void {
    const bounds = this.root.getBoundingClientRect();
    const u = (event.clientX - bounds.left - this.#box.left) / this.#box.width;
    const v = 1 - (event.clientY - bounds.top - this.#box.top) / this.#box.height;
    this.#point(u >= 0 && u <= 1 && v >= 0 && v <= 1 ? [u, v] : undefined);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter') this.#pick();
    const far = event.shiftKey ? 0.1 : 0.01;
    const step: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-far, 0],
      ArrowRight: [far, 0],
      ArrowDown: [0, -far],
      ArrowUp: [0, far],
    };
    const [du, dv] = step[event.key] ?? [];
    if (du === undefined || dv === undefined) return;
    event.preventDefault();
    const [u, v] = this.#pointer ?? [0.5, 0.5];
    const clamp = (share: number) => Math.min(1, Math.max(0, share));
    this.#point([clamp(u + du), clamp(v + dv)]);
  }

  #pick(): void {
    if (!this.#pointer || !this.#view) return;
    const { x, y } = this.#view;
    const [u, v] = this.#pointer;
    this.#picked(Float32Array.of(x.low + u * (x.high - x.low), y.low + v * (y.high - y.low)));
  }

  #point(at: readonly [number, number] | undefined): void {
    this.#pointer = at;
    this.root.classList.toggle('pointing', at !== undefined);
    this.#tell();
  }

  #tell(): void {
    const at = this.#pointer;
    const view = this.#view;
    if (!at || !view) {
      this.#pointed(undefined);
      return;
    }
    const [u, v] = at;
    const { left, top, width, height } = this.#box;
    this.#crosshairX.style.transform = `translate(${left + u * width}px, ${top}px)`;
    this.#crosshairX.style.height = `${height}px`;
    this.#crosshairY.style.transform = `translate(${left}px, ${top + (1 - v) * height}px)`;
    this.#crosshairY.style.width = `${width}px`;
    const { x, y, field } = view;
    const place = (axis: PlotAxis, share: number) =>
      placeText(axis, axis.low + share * (axis.high - axis.low));
    const parts = [`${x.name} ${place(x, u)}`, `${y.name} ${place(y, v)}`];
    if (field) {
      const more = view.hasRegions ? classText(view, u, v) : scoreText(view, field, u, v);
      parts.push(`E ${energyText(field, u, v)}`, more);
    }
    this.#pointed(parts.filter(Boolean).join('   '));
  }
}

function energyText(
  { values, resolution }: NonNullable<PlaneView['field']>,
  u: number,
  v: number,
): string {
  const energy = energyAt(values, resolution, u, v);
  return Number.isNaN(energy) ? 'not a number' : formatValue(energy);
}

/** The ink of contour lines where no energies' colours are beneath them. */
function contourColor({ theme, hasRegions }: PlaneView): Rgba {
  if (!hasRegions) return rgba(theme.contour);
  // Over tints a faint line would vanish; the boundary, thicker and opaque, stays the one that is seen first.
  const [red, green, blue] = rgba(theme.foreground);
  return [red, green, blue, 0.55];
}

/** Classes that are told of a place. */
const mostToldClasses = 3;

/** The likeliest classes there, those that do not round to nothing; nothing where there are none. */
function classText({ classFields, classNames = [] }: PlaneView, u: number, v: number): string {
  if (classFields === undefined) return '';
  const told = classesAt(classFields, u, v)
    .slice(0, mostToldClasses)
    .filter(({ probability }) => probability >= 0.005)
    .map(({ label, probability, error }) => {
      const percents = Math.round(100 * probability);
      const known = error < 0.005 ? `${percents}` : `${percents} ± ${Math.ceil(100 * error)}`;
      return `${className(label, classNames)} ${known} %`;
    });
  return told.length > 0 ? `p(class | x) ${told.join(', ')}` : '';
}

/** The score there, as chains of the model have it; nothing where it has none. */
function scoreText(
  { x, y, isStandardised }: PlaneView,
  field: NonNullable<PlaneView['field']>,
  u: number,
  v: number,
): string {
  const score = scoreAt(field, [x.high - x.low, y.high - y.low], u, v);
  if (score === undefined) return '';
  const [first, second] = [
    formatWithError(score.x, score.xError, formatValue),
    formatWithError(score.y, score.yError, formatValue),
  ];
  const name = isStandardised ? 'standardised score' : 'score';
  return `${name} (${first}, ${second})`.replaceAll('-', '\u2212');
}
