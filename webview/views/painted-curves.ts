import type { Band } from '../store/compare-bands';
import { walkCurve } from '../store/decimate';
import { formatStepTick, formatTick, formatValue } from '../store/number-format';
import type { Series } from '../store/series';
import { axisTicks } from '../store/ticks';
import type { Theme } from '../theme';
import { type Box, line } from './plot-axes';

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

/** Curves, and how they are to be painted. */
export interface PaintedCurves {
  readonly lines: readonly ChartLine[];
  readonly bands: readonly ChartBand[];
  readonly logScale: boolean;
  readonly theme: Theme;
}

/** Points of a picture, over all lines: more could not be told apart. */
const mostDrawn = 60_000;
/** Of more lines dashes tell nothing, and cost most of the drawing. */
const mostDashed = 48;

/** Both ends. */
export type Range = readonly [number, number];

/** Where steps and values lie. */
export interface Plane {
  /** In CSS pixels. */
  readonly box: Box;
  readonly x: Range;
  /** Of a logarithmic axis the logarithms. */
  readonly y: Range;
  readonly isLog: boolean;
}

/** Of no picture. */
export const noPlane: Plane = {
  box: { left: 0, top: 0, width: 1, height: 1 },
  x: [0, 1],
  y: [0, 1],
  isLog: false,
};

/** A plane of so many CSS pixels: all steps or those that are zoomed to, and all values there. */
export function planeOf(
  { lines, bands, logScale }: PaintedCurves,
  [width, height]: readonly [number, number],
  zoom: Range | undefined,
): Plane {
  const box = { left: 62, top: 8, width: Math.max(80, width - 84), height: height - 40 };
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const reachTo = (from: number | undefined, to: number | undefined) => {
    first = Math.min(first, from ?? first);
    last = Math.max(last, to ?? last);
  };
  for (const { series } of lines) reachTo(series.firstStep, series.lastStep);
  for (const { band } of bands) reachTo(band.steps[0], band.steps.at(-1));
  const x = zoom ?? (first <= last ? ([first, Math.max(last, first + 1)] as const) : noPlane.x);
  const [from, to] = x;
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
  const isLog = logScale && low > 0;
  if (isLog) [low, high] = [Math.log10(low), Math.log10(high)];
  const span = high - low || Math.abs(high) * 0.1 || 1;
  return { box, x, y: [low - 0.06 * span, high + 0.06 * span], isLog };
}

/** Of a step, in CSS pixels. */
export function leftOf({ box, x: [from, to] }: Plane, step: number): number {
  return box.left + ((step - from) / (to - from)) * box.width;
}

/** The step at so many CSS pixels. */
export function stepAt({ box, x }: Plane, left: number): number {
  return x[0] + ((left - box.left) / box.width) * (x[1] - x[0]);
}

/** Of a value, in CSS pixels. */
export function topOf({ box, y: [low, high], isLog }: Plane, value: number): number {
  const at = isLog ? Math.log10(value) : value;
  return box.top + ((high - at) / (high - low)) * box.height;
}

/** Lets nothing be drawn beyond a box. */
export function clip(
  context: CanvasRenderingContext2D,
  { left, top, width, height: tall }: Box,
): void {
  context.beginPath();
  context.rect(left, top, width, tall);
  context.clip();
}

/** Paints axes, bands and lines; what is picked lies above the others. Yields after every few curves. */
export function* paint(
  context: CanvasRenderingContext2D,
  plane: Plane,
  { lines, bands, theme }: PaintedCurves,
): Generator<void, void> {
  drawAxes(context, plane, theme);
  context.save();
  clip(context, plane.box);
  for (const band of bands) drawBand(context, band, plane);
  const hasPicked = lines.some(({ isPicked }) => isPicked);
  const stroke = { plane, count: lines.length };
  const ordered = [...lines].sort((a, b) => Number(a.isPicked) - Number(b.isPicked));
  for (const [k, drawn] of ordered.entries()) {
    const color = hasPicked && !drawn.isPicked ? theme.border : drawn.color;
    drawLine(context, drawn, { ...stroke, color, width: drawn.isPicked ? 2.25 : 1.25 });
    if (k % 10 === 9) yield;
  }
  context.restore();
}

function drawAxes(context: CanvasRenderingContext2D, plane: Plane, theme: Theme): void {
  const { left, top, width, height: tall } = plane.box;
  const bottom = top + tall;
  context.font = `11px ${theme.fontFamily}`;
  context.lineWidth = 1;
  context.fillStyle = theme.muted;
  context.textBaseline = 'top';
  context.textAlign = 'center';
  for (const step of axisTicks(...plane.x, Math.floor(width / 90)).values) {
    const at = Math.round(leftOf(plane, step)) + 0.5;
    context.strokeStyle = theme.grid;
    line(context, at, top, at, bottom);
    context.fillText(formatStepTick(step), at, bottom + 6);
  }
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const ticks = axisTicks(...plane.y, Math.floor(tall / 45));
  for (const tick of ticks.values) {
    const value = plane.isLog ? 10 ** tick : tick;
    const at = Math.round(topOf(plane, value)) + 0.5;
    context.strokeStyle = theme.grid;
    line(context, left, at, left + width, at);
    const text = plane.isLog ? formatValue(value) : formatTick(value, ticks.increment);
    context.fillText(text, left - 6, at);
  }
  context.strokeStyle = theme.border;
  context.strokeRect(left - 0.5, top - 0.5, width + 1, tall + 1);
  context.fillStyle = theme.foreground;
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText('Step', left + width / 2, bottom + 32);
}

/** How a curve is drawn, as one of `count`. */
interface Stroke {
  readonly plane: Plane;
  readonly color: string;
  /** In CSS pixels. */
  readonly width: number;
  readonly count: number;
}

/** Strokes one curve, by the extremes of columns where it has more points than that. */
export function drawLine(
  context: CanvasRenderingContext2D,
  { series, dash }: ChartLine,
  { plane, color, width, count }: Stroke,
): void {
  const share = Math.floor(mostDrawn / 2 / Math.max(1, count));
  const columns = Math.max(20, Math.min(plane.box.width, share));
  context.strokeStyle = color;
  context.lineWidth = width;
  const isDashed = dash.length > 0 && count <= mostDashed;
  if (isDashed) context.setLineDash([...dash]);
  context.beginPath();
  walkCurve({ series, values: series.values }, plane.x, columns, tracer(context, plane));
  context.stroke();
  if (isDashed) context.setLineDash([]);
}

/** Draws on to one point after the other; a value that has no place breaks the line. */
function tracer(
  context: CanvasRenderingContext2D,
  { box, x, y, isLog }: Plane,
): (step: number, value: number) => void {
  const [right, down] = [box.width / (x[1] - x[0]), box.height / (y[1] - y[0])];
  let isBroken = true;
  return (step, value) => {
    const at = isLog ? Math.log10(value) : value;
    if (!Number.isFinite(at)) {
      isBroken = true;
      return;
    }
    const left = box.left + (step - x[0]) * right;
    const top = box.top + (y[1] - at) * down;
    if (isBroken) context.moveTo(left, top);
    else context.lineTo(left, top);
    isBroken = false;
  };
}

function drawBand(
  context: CanvasRenderingContext2D,
  { band, color, dash }: ChartBand,
  plane: Plane,
): void {
  const bottom = plane.isLog ? 10 ** plane.y[0] : plane.y[0];
  const floor = (value: number) => (plane.isLog ? Math.max(value, bottom) : value);
  context.beginPath();
  for (const [k, step] of band.steps.entries()) {
    context.lineTo(leftOf(plane, step), topOf(plane, floor(band.high[k]!)));
  }
  for (let k = band.steps.length - 1; k >= 0; k--) {
    context.lineTo(leftOf(plane, band.steps[k]!), topOf(plane, floor(band.low[k]!)));
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
  const trace = tracer(context, plane);
  for (const [k, step] of band.steps.entries()) trace(step, band.mean[k]!);
  context.stroke();
  context.setLineDash([]);
}
