import type { ComparedRun } from '../../protocol/compare';
import { type EnergyRange, robustRange } from '../../protocol/energy-range';
import type { PreviewFrame, PreviewLayout } from '../../protocol/run';
import { CanvasPlaneRenderer } from '../gl/canvas-plane-renderer';
import { drawableField, holesOf } from '../store/field-holes';
import { histogram } from '../store/histogram';
import { rasterOf } from '../store/image-sheet';
import { drawnPoints, plotAxis } from '../store/plot-window';
import { column, plane } from '../store/point-set';
import { rgba, type Theme } from '../theme';

/** Sides of a thumbnail in CSS pixels. */
const thumbnailSide = 88;

/** Points of a plane that are drawn, bins of a line, and images in a row and a column. */
const [mostPoints, bins, mostImages] = [250, 30, 4];

/** What is kept of a preview for its thumbnail. */
export interface ThumbnailSource {
  readonly step: number;
  readonly samples: Float32Array;
  readonly field: Float32Array | undefined;
}

/** The part of a preview that a thumbnail shows; the rest may be large. */
export function thumbnailSource(
  { step, samples, field }: PreviewFrame,
  { dimensions, image }: PreviewLayout,
): ThumbnailSource {
  const most = image ? mostImages ** 2 : dimensions === 1 ? samples.length : mostPoints;
  return { step, samples: samples.slice(0, most * dimensions), field };
}

/** Draws a preview small, in Canvas 2D: a page has only so many WebGL contexts. */
export function drawThumbnail(
  { preview: layout, transform }: ComparedRun,
  { samples, field }: ThumbnailSource,
  range: EnergyRange | undefined,
  theme: Theme,
): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  canvas.style.width = `${thumbnailSide}px`;
  canvas.style.height = `${thumbnailSide}px`;
  if (!layout) return canvas;
  if (layout.image) {
    const cells = Int32Array.from(
      { length: Math.min(mostImages ** 2, samples.length / layout.dimensions) },
      (_, index) => index,
    );
    const { data, width, height } = rasterOf(samples, layout.image, cells, mostImages);
    canvas.width = width;
    canvas.height = height;
    canvas.classList.add('pixels');
    canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
    return canvas;
  }
  if (layout.dimensions === 1) {
    drawLine(canvas, layout, column(samples, 1, 0), theme);
    return canvas;
  }
  const renderer = new CanvasPlaneRenderer();
  const [x, y] = [plotAxis(layout, transform, 0), plotAxis(layout, transform, 1)];
  const { resolution, dimensions } = layout;
  renderer.resize(thumbnailSide, thumbnailSide, window.devicePixelRatio);
  const energies = field?.length === resolution ** 2 ? field : undefined;
  const own = energies && robustRange(energies);
  renderer.draw({
    window: { xLow: x.low, xHigh: x.high, yLow: y.low, yHigh: y.high },
    field: energies &&
      own && {
        values: drawableField(energies, own),
        holes: holesOf(energies, resolution)?.mask,
        resolution,
      },
    showField: true,
    range: range ?? own ?? { low: 0, high: 1 },
    contourStep: undefined,
    contourColor: rgba(theme.contour),
    layers: [
      {
        points: drawnPoints(plane(samples, dimensions, [0, 1]), x, y),
        radius: 0.9,
        fill: rgba(theme.samples),
        outline: rgba(theme.background),
        outlineWidth: 0.3,
      },
    ],
  });
  renderer.canvas.style.cssText = canvas.style.cssText;
  renderer.canvas.setAttribute('aria-hidden', 'true');
  return renderer.canvas;
}

function drawLine(
  canvas: HTMLCanvasElement,
  { bounds }: PreviewLayout,
  values: Float32Array,
  theme: Theme,
): void {
  const [low, high] = bounds[0] ?? [-1, 1];
  const { densities } = histogram(values, low, high, bins);
  const side = Math.round(thumbnailSide * window.devicePixelRatio);
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d');
  if (!context) return;
  const top = densities.reduce((most, density) => Math.max(most, density), 1e-9);
  context.fillStyle = theme.samples;
  for (const [k, density] of densities.entries()) {
    const tall = (0.95 * side * density) / top;
    context.fillRect((k * side) / bins, side - tall, side / bins, tall);
  }
}
