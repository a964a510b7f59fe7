/** A preview as a picture of modest size, for records that are looked at without the panel. */
import { encode } from 'fast-png';
import { robustRange } from '../../../protocol/energy-range';
import { brightness } from '../../../protocol/pixel-values';
import type { ImageLayout, PreviewFrame, PreviewLayout } from '../../../protocol/run';
import { viridisTable } from '../../../protocol/viridis';

/** Pixels with colours out of a table, rows from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `[height, width]` places in {@link palette}. */
  readonly pixels: Uint8Array;
}

/** What a picture is drawn from beside the preview. */
export interface PictureContext {
  readonly layout: PreviewLayout;
  /** `[count, D]` rows of data. */
  readonly data: { readonly values: Float32Array; readonly count: number };
}

/** Pixels along a side, about. */
const side = 192;
/** More rows of data would hide the landscape. */
const mostData = 512;
const mostSamples = 1024;
/** Images along each side of a sheet. */
const tiles = 8;

/** The last colours are those of points; all before are energies, from improbable to probable. */
const dataColor = 254;
const sampleColor = 255;
const energyColors = 254;

/** `[256]` colours: red, green, blue. */
export const palette: readonly (readonly [number, number, number])[] = Array.from(
  { length: 256 },
  (_, index) => {
    if (index === dataColor) return [255, 255, 255];
    if (index === sampleColor) return [255, 64, 64];
    const at = 4 * Math.round((index / (energyColors - 1)) * 255);
    return [viridisTable[at]!, viridisTable[at + 1]!, viridisTable[at + 2]!];
  },
);

/** A preview as a picture; nothing where its points are neither of a plane nor images. */
export function pictureOf(frame: PreviewFrame, context: PictureContext): Picture | undefined {
  const { layout } = context;
  if (layout.image) return sheet(frame, layout.image);
  return layout.dimensions === 2 && layout.resolution > 0 ? plane(frame, context) : undefined;
}

/** A picture as a PNG file. */
export function asPng({ width, height, pixels }: Picture): Uint8Array {
  return encode({
    width,
    height,
    data: pixels,
    depth: 8,
    channels: 1,
    palette: palette.map((color) => [...color]),
  });
}

/** Samples over data over the energy landscape; bright where the model puts probability. */
function plane(frame: PreviewFrame, { layout, data }: PictureContext): Picture {
  const { resolution, bounds } = layout;
  const zoom = Math.max(1, Math.round(side / resolution));
  const width = resolution * zoom;
  const pixels = new Uint8Array(width * width);
  if (frame.field) {
    const { low, high } = robustRange(frame.field);
    for (let row = 0; row < resolution; row++) {
      for (let column = 0; column < resolution; column++) {
        const energy = frame.field[row * resolution + column]!;
        // An energy that is not finite counts as improbable.
        const share = Math.min(1, Math.max(0, (high - energy) / (high - low))) || 0;
        const color = Math.round(share * (energyColors - 1));
        for (let line = 0; line < zoom; line++) {
          // The field's rows go up, those of a picture down.
          const start = (width - 1 - row * zoom - line) * width + column * zoom;
          pixels.fill(color, start, start + zoom);
        }
      }
    }
  }
  const [[xLow, xHigh], [yLow, yHigh]] = bounds as [[number, number], [number, number]];
  const dots = (points: Float32Array, count: number, size: number, color: number) => {
    for (let index = 0; index < count; index++) {
      const x = Math.floor(((points[2 * index]! - xLow) / (xHigh - xLow)) * width);
      const y = width - 1 - Math.floor(((points[2 * index + 1]! - yLow) / (yHigh - yLow)) * width);
      // Also what is not a number lies outside.
      if (!(x >= 0 && x < width && y >= 0 && y < width)) continue;
      const [left, top] = [Math.min(x, width - size), Math.min(y, width - size)];
      for (let line = 0; line < size; line++) {
        const start = (top + line) * width + left;
        pixels.fill(color, start, start + size);
      }
    }
  };
  dots(data.values, Math.min(data.count, mostData), 1, dataColor);
  dots(frame.samples, Math.min(frame.count, mostSamples), 2, sampleColor);
  return { width, height: width, pixels };
}

/** The first samples side by side as images; of several channels the mean. */
function sheet({ samples, count }: PreviewFrame, image: ImageLayout): Picture | undefined {
  const { height, width, channels } = image;
  const perSide = Math.min(tiles, Math.max(1, Math.floor((2 * side) / Math.max(height, width))));
  const zoom = Math.max(1, Math.floor(side / (perSide * Math.max(height, width))));
  // A pixel of the darkest colour between neighbours.
  const sheetWidth = perSide * (width * zoom + 1) - 1;
  const sheetHeight = perSide * (height * zoom + 1) - 1;
  const pixels = new Uint8Array(sheetWidth * sheetHeight);
  const shown = Math.min(count, perSide * perSide);
  for (let index = 0; index < shown; index++) {
    const left = (index % perSide) * (width * zoom + 1);
    const top = Math.floor(index / perSide) * (height * zoom + 1);
    for (let place = 0; place < height * width; place++) {
      const from = (index * height * width + place) * channels;
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) {
        sum += brightness(samples[from + channel]!, image);
      }
      const share = Math.min(1, Math.max(0, sum / channels)) || 0;
      const color = Math.round(share * (energyColors - 1));
      const row = top + Math.floor(place / width) * zoom;
      const column = left + (place % width) * zoom;
      for (let line = 0; line < zoom; line++) {
        const start = (row + line) * sheetWidth + column;
        pixels.fill(color, start, start + zoom);
      }
    }
  }
  return { width: sheetWidth, height: sheetHeight, pixels };
}
