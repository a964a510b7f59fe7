import { ProblemError } from '../../../protocol/problem';
import type { KeptFile } from '../../../protocol/run';
import type { ClassNames } from './class-names';
import type { ScaledDataset } from './data-method';
import type { DataLabels } from './dataset';
import type { ImageStore } from './image-store';
import { PackedRows } from './packed-rows';
import { type PixelSpec, pixelCode } from './pixels';
import { splitOf } from './split';

/** Images as they were read, and their classes. */
export interface ImagesRead {
  readonly store: ImageStore;
  /** The number of the class of each image of the file, in its order, where they have classes. */
  readonly classes?: ArrayLike<number>;
}

interface ImageSetOptions {
  /** Absolute path of the file or folder, for messages. */
  readonly file: string;
  readonly images: ImagesRead;
  /** Images that are held out, where they are in files of their own. */
  readonly heldOut?: ImagesRead;
  /** Share of the images that is held out where they are not. */
  readonly heldOutShare: number;
  /** Of both. */
  readonly classNames?: ClassNames;
  readonly files: readonly KeptFile[];
  readonly warnings?: readonly string[];
  readonly pixels: PixelSpec;
  /** Of the run. */
  readonly seed: number;
  /** Decides which images are held out. */
  readonly splitSeed: number;
}

/**
 * A data set of images, which stay as they were read until they are looked at.
 *
 * @throws ProblemError of kind `data` where there are too few
 */
export function imageSet(options: ImageSetOptions): ScaledDataset {
  const { file, images, heldOut, pixels, files, warnings = [], seed } = options;
  const { store } = images;
  const fewest = heldOut ? 1 : 3;
  if (store.rows.count < fewest) {
    throw new ProblemError({
      kind: 'data',
      message: `${file} has ${store.rows.count} images; training needs at least ${fewest}.`,
      remedy: 'Add images.',
    });
  }
  const [height, width, channels] = store.shape;
  const dimensions = store.rows.width;
  const code = pixelCode(pixels, store.from, dimensions);
  const split = heldOut
    ? { training: counted(store), heldOut: counted(heldOut.store) }
    : splitOf(store.rows.count, options.heldOutShare, options.splitSeed);
  const others = heldOut ?? images;
  const packed = (of: ImageStore, slots: Uint32Array, flipped = false) =>
    new PackedRows({
      store: of.rows,
      slots,
      code,
      seed,
      ...(flipped ? { flipped: of.shape } : {}),
    });
  const bounds = aroundSingles(code.bounds);
  const numbersOf = ({ numbers }: ImageStore, slots: Uint32Array) =>
    slots.map((slot) => numbers[slot]! + 1);
  return {
    dimensions,
    axes: Array.from({ length: dimensions }, (_, d) => pixelName(d, width, channels)),
    domain: code.domain,
    image: { height, width, channels, ...code.shown },
    bounds: Array.from({ length: dimensions }, () => bounds),
    training: packed(store, split.training, pixels.flip),
    heldOut: packed(others.store, split.heldOut),
    ...(store.rows.isWhole ? { trainingNumbers: numbersOf(store, split.training) } : {}),
    ...(store.rows.isWhole && !heldOut ? { heldOutNumbers: numbersOf(store, split.heldOut) } : {}),
    logScale: code.constantLogScale ?? code.logScale,
    ...labelsOf(options, split),
    files,
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

/**
 * A window that has both its ends as single precision has them, also where the upper one is reached as
 * the lower one and the width, each rounded.
 */
function aroundSingles([low, high]: readonly [number, number]): readonly [number, number] {
  const { fround, min, max, abs } = Math;
  const [from, to] = [min(low, fround(low)), max(high, fround(high))];
  const reached = fround(fround(to - from) + fround(from));
  return [from, reached >= fround(high) ? to : to + 2 ** -20 * max(abs(from), abs(to))];
}

/** All places of a store, in order. */
function counted({ rows }: ImageStore): Uint32Array {
  return Uint32Array.from({ length: rows.count }, (_, slot) => slot);
}

/** `row,column`, and the channel where there are several; all from 1. */
function pixelName(d: number, width: number, channels: number): string {
  const place = Math.floor(d / channels);
  const name = `${Math.floor(place / width) + 1},${(place % width) + 1}`;
  return channels === 1 ? name : `${name},${(d % channels) + 1}`;
}

/** Classes in the order of their numbers where all are numbers, else of their letters. */
function labelsOf(
  { images, heldOut = images, classNames }: ImageSetOptions,
  split: { readonly training: Uint32Array; readonly heldOut: Uint32Array },
): { readonly labels?: DataLabels } {
  if (classNames === undefined) return {};
  const idOf = ({ store, classes }: ImagesRead, slot: number) => classes![store.numbers[slot]!]!;
  const found = new Set<number>();
  for (const slot of split.training) found.add(idOf(images, slot));
  for (const slot of split.heldOut) found.add(idOf(heldOut, slot));
  const sorted = classNames.sorted([...found]);
  const indices = new Map(sorted.map((id, index) => [id, index]));
  const of = (read: ImagesRead, slots: Uint32Array) =>
    Float32Array.from(slots, (slot) => indices.get(idOf(read, slot))!);
  return {
    labels: {
      classes: sorted.map((id) => classNames.names[id]!),
      training: of(images, split.training),
      heldOut: of(heldOut, split.heldOut),
    },
  };
}
