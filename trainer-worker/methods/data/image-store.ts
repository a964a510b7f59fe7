import { excerpt } from '../options/excerpt';
import { binaryProblem } from './data-file';
import type { DataContext } from './dataset';
import type { PixelSpec } from './pixels';
import { cropped, type ImageShape, type Pixels, resized } from './resample';
import { RowStore } from './row-store';
import { memoryForRows } from './table';

interface ImageStoreOptions {
  /** Absolute path of the file or folder, for messages. */
  readonly file: string;
  /** Whether its pixels are whole numbers. */
  readonly isWhole: boolean;
  /** The darkest and the brightest value where the options do not say. */
  readonly usual: readonly [number, number];
  /** What to do where they are no images, one sentence. */
  readonly ifNone?: string;
  readonly pixels: PixelSpec;
  /** How many images are kept at most, drawn from all; `null` for all. */
  readonly rows: number | null;
  readonly context: DataContext;
}

/** Whole numbers beyond are not all numbers of single precision. */
const largestSingle = 2 ** 24;

/** Images of which none is brighter than this share are probably in other units than they are read in. */
const darkness = 0.1;

/** Images of one shape that come one after another: cropped, scaled, and kept as they are. */
export class ImageStore {
  /** Height, width and channels as they are kept. */
  readonly shape: ImageShape;
  /** The darkest and the brightest value that there can be. */
  readonly from: readonly [number, number];
  /** Whether pixels are whole numbers in the file. */
  readonly isWhole: boolean;
  readonly rows: RowStore;
  /** Which image of the file is held at each place, from 0. */
  readonly numbers: number[] = [];
  readonly #options: ImageStoreOptions;
  readonly #given: ImageShape;
  /** Whether every pixel is a byte, and what is scaled is rounded to one. */
  readonly #areBytes: boolean;
  #count = 0;
  #largest = Number.NEGATIVE_INFINITY;

  /**
   * @param shape height, width and channels of each image as it comes
   * @throws ProblemError of kind `data` where the options do not suit such images
   */
  constructor(shape: ImageShape, options: ImageStoreOptions) {
    const { pixels, file, isWhole, usual, rows, context } = options;
    const [height, width, channels] = shape;
    const [cropHeight, cropWidth] = pixels.crop ?? [height, width];
    if (cropHeight > height || cropWidth > width) {
      throw binaryProblem(
        `${file} has images of ${height} × ${width} pixels, of which crop: [${cropHeight}, ${cropWidth}] cannot be cut.`,
        'Give no more than their height and width.',
      );
    }
    const [newHeight, newWidth] = pixels.resize ?? [cropHeight, cropWidth];
    this.#given = shape;
    this.shape = [newHeight, newWidth, channels];
    this.isWhole = isWhole;
    this.from = pixels.from ?? usual;
    const [dark, bright] = this.from;
    if (pixels.dequantize && !isWhole) {
      throw binaryProblem(
        `${file} has pixels that are no whole numbers, so nobody knows the steps that dequantize: true would fill.`,
        'Leave dequantize out, or save the pixels as whole numbers.',
      );
    }
    if (isWhole && !(Number.isInteger(dark) && Number.isInteger(bright))) {
      throw binaryProblem(
        `${file} has whole numbers for pixels, but from is [${dark}, ${bright}].`,
        'Give whole numbers, for example from: [0, 255].',
      );
    }
    if (isWhole && Math.max(Math.abs(dark), Math.abs(bright)) > largestSingle) {
      throw binaryProblem(
        `${file}: from: [${dark}, ${bright}] is beyond what single precision tells apart, ±2²⁴.`,
        'Scale the pixels down first.',
      );
    }
    this.#areBytes = isWhole && dark >= 0 && bright <= 255;
    this.#options = options;
    this.rows = new RowStore({
      file,
      width: newHeight * newWidth * channels,
      kind: this.#areBytes ? 'byte' : 'single',
      stays: true,
      rows,
      seed: context.seed,
      memory: context.memory ?? memoryForRows(),
    });
  }

  /** Images that came so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes one image.
   *
   * @param raw its pixels, rows from the top, channels together; may be used again afterwards
   * @throws ProblemError of kind `data` where a pixel is not between darkest and brightest, or there is no
   *   memory for it
   */
  take(raw: ArrayLike<number>, name = `image ${this.#count + 1}`): void {
    const [dark, bright] = this.from;
    const { file, pixels } = this.#options;
    for (let i = 0; i < raw.length; i++) {
      const value = raw[i]!;
      if (value > this.#largest) this.#largest = value;
      // Also what is not a number lies outside.
      if (!(value >= dark && value <= bright)) {
        throw this.#outside(file, excerpt(name), value, i);
      }
    }
    const number = this.#count++;
    const slot = this.rows.next();
    if (slot === -1) return;
    const kind = this.#areBytes ? Uint8Array : Float32Array;
    let image: Pixels = raw instanceof kind ? raw : kind.from(raw);
    let shape = this.#given;
    if (pixels.crop !== null) {
      image = cropped(image, shape, pixels.crop);
      shape = [...pixels.crop, shape[2]];
    }
    if (pixels.resize !== null) image = resized(image, shape, pixels.resize, this.isWhole);
    this.rows.row(slot).set(image);
    this.numbers[slot] = number;
  }

  /** What is odd about the images that came. */
  warnings(): string[] {
    const { pixels, file } = this.#options;
    const [dark, bright] = this.from;
    const isDark = this.#largest > dark && this.#largest <= dark + darkness * (bright - dark);
    if (pixels.from !== null || !isDark) return [];
    return [
      `The pixels of ${file} go up to ${this.#largest}, and are read as the darkest of ${dark} to ${bright}: if they are bright, say from: [${dark}, ${this.#largest}].`,
    ];
  }

  #outside(file: string, name: string, value: number, place: number) {
    const [, width, channels] = this.#given;
    const [row, column] = [
      Math.floor(place / (width * channels)),
      Math.floor(place / channels) % width,
    ];
    const [dark, bright] = this.from;
    const { ifNone } = this.#options;
    return binaryProblem(
      `${file}: ${name} has ${value} at row ${row + 1}, column ${column + 1}, which is not between ${dark} and ${bright}.`,
      Number.isFinite(value)
        ? `Say between which values pixels lie, for example from: [-1, 1], or correct the image.${ifNone ? ` ${ifNone}` : ''}`
        : 'Correct or remove that image; every pixel must be finite.',
    );
  }
}
