import { axisMarks, type PlotAxis } from '../store/plot-window';
import type { Theme } from '../theme';

/** A rectangle in CSS pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const fontSize = 11;

/** Makes a canvas `width` by `height` CSS pixels large and clears it. Drawing is in CSS pixels. */
export function prepareCanvas(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio;
  const [deviceWidth, deviceHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== deviceWidth || canvas.height !== deviceHeight) {
    canvas.width = deviceWidth;
    canvas.height = deviceHeight;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

/** The frame of a plot, with ticks and names in the data's units. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  box: Box,
  x: PlotAxis,
  y: PlotAxis,
  theme: Theme,
): void {
  const bottom = box.top + box.height;
  context.font = `${fontSize}px ${theme.fontFamily}`;
  context.strokeStyle = theme.border;
  context.lineWidth = 1;
  context.strokeRect(box.left - 0.5, box.top - 0.5, box.width + 1, box.height + 1);

  context.fillStyle = theme.muted;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const mark of axisMarks(x, Math.floor(box.width / 70))) {
    const at = Math.round(box.left + mark.at * box.width) + 0.5;
    line(context, at, bottom + 1, at, bottom + 5);
    if (!x.isBare) context.fillText(shortened(context, mark.text, 68), at, bottom + 7);
  }

  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const mark of y.isBare ? [] : axisMarks(y, Math.floor(box.height / 55))) {
    const at = Math.round(bottom - mark.at * box.height) + 0.5;
    line(context, box.left - 5, at, box.left - 1, at);
    // Words are longer than numbers, and there is the name of the axis beside them.
    if (y.levels) verticalText(context, mark.text, box.left - 8, at, 53);
    else context.fillText(mark.text, box.left - 8, at);
  }

  context.fillStyle = theme.foreground;
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText(shortened(context, x.name, box.width), box.left + box.width / 2, bottom + 36);
  context.save();
  context.translate(box.left - 42, box.top + box.height / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = 'middle';
  context.fillText(shortened(context, y.name, box.height), 0, 0);
  context.restore();
}

/** Draws `text` upwards, in the middle at `y` and ending above `x`, so that it fits. */
function verticalText(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  length: number,
): void {
  context.save();
  context.translate(x, y);
  context.rotate(-Math.PI / 2);
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText(shortened(context, text, length), 0, 0);
  context.restore();
}

/** Draws `text` so that it fits, ending in an ellipsis where it does not. */
function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length--;
  return `${text.slice(0, length)}…`;
}

/** Draws a straight line in the context's current stroke. */
export function line(
  context: CanvasRenderingContext2D,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): void {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}
