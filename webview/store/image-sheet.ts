import { brightnessIn, fileValue } from '../../protocol/pixel-values';
import type { ImageLayout } from '../../protocol/run';
import type { Shade } from './shades';

/** Sides of an image in pixels of its own. */
type Sides = Pick<ImageLayout, 'width' | 'height'>;

/** What lies on a sheet, cell by cell from the left and then from the top. */
export interface Arrangement {
  /** In each cell the number of an image, or -1 where it stays empty. */
  readonly cells: Int32Array;
  readonly columns: number;
  /** Rows with a name before them, from that row of cells on. */
  readonly headings: readonly { readonly row: number; readonly name: string }[];
}

/** How images lie on a sheet; lengths in CSS pixels. */
export interface Sheet extends Arrangement {
  /** Sides of the square that one pixel of an image takes; a whole number, so that all are alike. */
  readonly scale: number;
  readonly rows: number;
  /** Room for headings before the images. */
  readonly gutter: number;
  readonly width: number;
  readonly height: number;
}

/** Between images. */
const gap = 3;
/** About the width that an image is shown at. */
const comfortable = 56;
/** The largest square that one pixel may take. */
export const largestScale = 32;

/** How large one pixel is where nobody has chosen. */
export function comfortableScale(
  { width, height }: Sides,
  room: { readonly width: number },
): number {
  const wished = Math.max(1, Math.round(comfortable / Math.max(width, height)));
  return Math.max(1, Math.min(wished, Math.floor(room.width / width)));
}

/** Columns of images that fit. */
export function columnsThatFit({ width }: Sides, scale: number, room: number): number {
  return Math.max(1, Math.floor((room + gap) / (width * scale + gap)));
}

/** Lays out images of one size. */
export function sheetOf(
  arrangement: Arrangement,
  { width, height }: Sides,
  scale: number,
  gutter = 0,
): Sheet {
  const { cells, columns } = arrangement;
  const rows = Math.ceil(cells.length / columns);
  return {
    ...arrangement,
    scale,
    rows,
    gutter,
    width: gutter + columns * (width * scale + gap) - gap,
    height: Math.max(0, rows * (height * scale + gap) - gap),
  };
}

/** The upper left corner of a cell of a sheet. */
export function cornerOf(
  { scale, columns, gutter }: Sheet,
  { width, height }: Sides,
  cell: number,
): readonly [x: number, y: number] {
  const [column, row] = [cell % columns, Math.floor(cell / columns)];
  return [gutter + column * (width * scale + gap), row * (height * scale + gap)];
}

/** A part of a sheet: its cells by their places, so many in a row. */
export interface SheetPart {
  readonly places: Int32Array;
  readonly columns: number;
}

/** The cells of which something lies in a window onto a sheet. */
export function cellsIn(
  { scale, columns, rows, gutter }: Sheet,
  { width, height }: Sides,
  window: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  },
): SheetPart {
  const between = (from: number, length: number, pitch: number, end: number) => {
    const first = Math.min(end, Math.max(0, Math.floor(from / pitch)));
    return [first, Math.min(end, Math.max(first, Math.ceil((from + length) / pitch)))] as const;
  };
  const across = width * scale + gap;
  const [left, right] = between(window.left - gutter, window.width, across, columns);
  const [top, bottom] = between(window.top, window.height, height * scale + gap, rows);
  const places = new Int32Array((right - left) * (bottom - top));
  let at = 0;
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) places[at++] = row * columns + column;
  }
  return { places, columns: right - left };
}

/** A pixel of an image on a sheet. */
export interface SheetPixel {
  readonly cell: number;
  /** The image in that cell. */
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

/** What lies under a point of the sheet; nothing between images and in empty cells. */
export function pixelAt(
  sheet: Sheet,
  image: Sides,
  [left, top]: readonly [number, number],
): SheetPixel | undefined {
  const side = (length: number) => length * sheet.scale + gap;
  const right = left - sheet.gutter;
  const [column, row] = [
    Math.floor(right / side(image.width)),
    Math.floor(top / side(image.height)),
  ];
  const x = Math.floor((right - column * side(image.width)) / sheet.scale);
  const y = Math.floor((top - row * side(image.height)) / sheet.scale);
  const isInside =
    right >= 0 && top >= 0 && column < sheet.columns && x < image.width && y < image.height;
  if (!isInside) return undefined;
  const cell = row * sheet.columns + column;
  const index = sheet.cells[cell] ?? -1;
  return index < 0 ? undefined : { cell, index, x, y };
}

/** What is no number is shown in a colour that no grey image has. */
const notANumber = [255, 0, 96] as const;

/** Pixels as `[height, width, 4]` bytes of red, green, blue and opacity. */
export interface Raster {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/**
 * Images side by side without gaps, `columns` in a row; cells without an image stay transparent.
 *
 * @param values `[n, D]` in model space
 * @param cells numbers of images, -1 for none
 * @param shade of numbers that are no brightness
 */
export function rasterOf(
  values: Float32Array,
  image: ImageLayout,
  cells: Int32Array,
  columns: number,
  shade?: Shade,
): Raster {
  const { width, height, channels } = image;
  const across = columns * width;
  const down = Math.ceil(cells.length / columns) * height;
  const data = new Uint8ClampedArray(4 * across * down);
  const numbers = width * height * channels;
  const shadeOf = shade ?? brightnessIn(image);
  const [second, third] = channels === 3 ? [1, 2] : [0, 0];
  for (let cell = 0; cell < cells.length; cell++) {
    const index = cells[cell]!;
    if (index < 0) continue;
    let from = index * numbers;
    const corner = Math.floor(cell / columns) * height * across + (cell % columns) * width;
    for (let y = 0; y < height; y++) {
      let to = 4 * (corner + y * across);
      for (let x = 0; x < width; x++) {
        const red = shadeOf(values[from]!, 0);
        const green = shadeOf(values[from + second]!, 1);
        const blue = shadeOf(values[from + third]!, 2);
        if (Number.isNaN(red + green + blue)) {
          data.set(notANumber, to);
        } else {
          // A clamped array rounds, and cuts what is beyond black and white.
          data[to] = 255 * red;
          data[to + 1] = 255 * green;
          data[to + 2] = 255 * blue;
        }
        data[to + 3] = 255;
        to += 4;
        from += channels;
      }
    }
  }
  return { data, width: across, height: down };
}

/** Most pixels of a picture that is saved. */
const mostPixels = 2 ** 24;

/**
 * A whole sheet as a picture to be saved: as it is shown, but for its headings, on a ground of one colour.
 * Where it would be too large, its pixels are smaller.
 *
 * @param ground red, green and blue, 0 to 255
 */
export function pictureOf(
  values: Float32Array,
  image: ImageLayout,
  { cells, columns, scale: wished }: Sheet,
  ground: readonly [number, number, number],
  shade?: Shade,
): Raster {
  const raster = rasterOf(values, image, cells, columns, shade);
  const rows = Math.ceil(cells.length / columns);
  const sizeAt = (scale: number) => [
    columns * (image.width * scale + gap) + gap,
    rows * (image.height * scale + gap) + gap,
  ];
  let scale = wished;
  while (scale > 1 && sizeAt(scale)[0]! * sizeAt(scale)[1]! > mostPixels) scale--;
  const [width, height] = sizeAt(scale) as [number, number];
  const data = new Uint8ClampedArray(4 * width * height);
  const pixels = new Uint32Array(data.buffer);
  pixels.fill(new Uint32Array(Uint8Array.of(...ground, 255).buffer)[0]!);
  const source = new Uint32Array(raster.data.buffer);
  for (let y = 0; y < rows * image.height * scale; y++) {
    const line = Math.floor(y / scale);
    const to = (gap + y + Math.floor(line / image.height) * gap) * width;
    for (let x = 0; x < columns * image.width * scale; x++) {
      const column = Math.floor(x / scale);
      const pixel = source[line * raster.width + column]!;
      // Nothing is in this cell.
      if (pixel === 0) continue;
      pixels[to + gap + x + Math.floor(column / image.width) * gap] = pixel;
    }
  }
  return { data, width, height };
}

/** The numbers of a pixel in units of the file, one for each channel. */
export function pixelValues(
  values: Float32Array,
  { index, x, y }: Pick<SheetPixel, 'index' | 'x' | 'y'>,
  image: ImageLayout,
): readonly number[] {
  const { width, height, channels } = image;
  const at = ((index * height + y) * width + x) * channels;
  return Array.from({ length: channels }, (_, channel) => fileValue(values[at + channel]!, image));
}
