import { brightness, fileValue } from '../../protocol/pixel-values';
import type { ImageLayout } from '../../protocol/run';

/** How images lie on a sheet; lengths in CSS pixels. */
export interface Sheet {
  /** Sides of the square that one pixel of an image takes; a whole number, so that all are alike. */
  readonly scale: number;
  readonly columns: number;
  readonly rows: number;
  /** How many images are on it. */
  readonly shown: number;
  readonly width: number;
  readonly height: number;
}

/** Between images. */
const gap = 3;
/** About the width that an image is shown at. */
const comfortable = 56;

/** As many of `count` images as fit, at a size at which they can be told. */
export function sheetOf(
  count: number,
  { width, height }: Pick<ImageLayout, 'width' | 'height'>,
  room: { readonly width: number; readonly height: number },
): Sheet {
  const largest = Math.min(room.width / width, room.height / height);
  const wished = Math.max(1, Math.round(comfortable / Math.max(width, height)));
  const scale = Math.max(1, Math.min(wished, Math.floor(largest)));
  const fit = (available: number, side: number) =>
    Math.max(1, Math.floor((available + gap) / (side * scale + gap)));
  const columns = Math.max(1, Math.min(count, fit(room.width, width)));
  const rows = Math.max(1, Math.min(Math.ceil(count / columns), fit(room.height, height)));
  return {
    scale,
    columns,
    rows,
    shown: Math.min(count, columns * rows),
    width: columns * (width * scale + gap) - gap,
    height: rows * (height * scale + gap) - gap,
  };
}

/** The upper left corner of image `index` on a sheet. */
export function cornerOf(
  { scale, columns }: Sheet,
  { width, height }: Pick<ImageLayout, 'width' | 'height'>,
  index: number,
): readonly [x: number, y: number] {
  const [column, row] = [index % columns, Math.floor(index / columns)];
  return [column * (width * scale + gap), row * (height * scale + gap)];
}

/** A pixel of an image on a sheet. */
export interface SheetPixel {
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

/** What lies under a point of the sheet; nothing between images and beyond the last. */
export function pixelAt(
  sheet: Sheet,
  image: Pick<ImageLayout, 'width' | 'height'>,
  [left, top]: readonly [number, number],
): SheetPixel | undefined {
  const side = (length: number) => length * sheet.scale + gap;
  const [column, row] = [
    Math.floor(left / side(image.width)),
    Math.floor(top / side(image.height)),
  ];
  const x = Math.floor((left - column * side(image.width)) / sheet.scale);
  const y = Math.floor((top - row * side(image.height)) / sheet.scale);
  const index = row * sheet.columns + column;
  const isInside =
    left >= 0 && top >= 0 && column < sheet.columns && x < image.width && y < image.height;
  return isInside && index < sheet.shown ? { index, x, y } : undefined;
}

/** What is no number is shown in a colour that no grey image has. */
const notANumber = [255, 0, 96] as const;

/**
 * An image as `[height, width, 4]` bytes of red, green, blue and opacity.
 *
 * @param values `[n, D]` in model space
 */
export function pixelsOf(
  values: Float32Array,
  index: number,
  image: ImageLayout,
): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, channels } = image;
  const pixels = new Uint8ClampedArray(4 * width * height);
  const start = index * width * height * channels;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = start + pixel * channels;
    const shades = [0, 1, 2].map((channel) =>
      brightness(values[at + (channels === 3 ? channel : 0)]!, image),
    );
    const colour = shades.some(Number.isNaN)
      ? notANumber
      : shades.map((shade) => Math.round(255 * shade));
    pixels.set([...colour, 255], 4 * pixel);
  }
  return pixels;
}

/** The numbers of a pixel in units of the file, one for each channel. */
export function pixelValues(
  values: Float32Array,
  { index, x, y }: SheetPixel,
  image: ImageLayout,
): readonly number[] {
  const { width, height, channels } = image;
  const at = ((index * height + y) * width + x) * channels;
  return Array.from({ length: channels }, (_, channel) => fileValue(values[at + channel]!, image));
}
