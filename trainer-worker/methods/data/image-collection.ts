import type { DataContext } from './dataset';
import { ImageFault } from './image-fault';
import { type DecodedImage, withChannels } from './image-file';
import { ImageStore } from './image-store';
import type { PixelSpec } from './pixels';
import { cropped, type ImageShape, resized } from './resample';

/** What becomes of images that are files, of whatever size and colours. */
export interface ImageFilesSpec {
  readonly size: readonly [number, number] | null;
  readonly channels: 1 | 3 | 4 | null;
  readonly rows: number | null;
}

interface ImageCollectionOptions {
  /** Absolute path of the file or folder, for messages. */
  readonly file: string;
  readonly spec: ImageFilesSpec;
  readonly pixels: PixelSpec;
  readonly context: DataContext;
}

/** Images of files, made of one size and one kind of colours. */
export class ImageCollection {
  readonly #options: ImageCollectionOptions;
  #shape: ImageShape | undefined;
  #store: ImageStore | undefined;

  constructor(options: ImageCollectionOptions) {
    this.#options = options;
  }

  /** What they are kept in, once there is one. */
  get store(): ImageStore | undefined {
    return this.#store;
  }

  /**
   * Takes one image.
   *
   * @throws ImageFault that says why it cannot be one of them
   * @throws ProblemError of kind `data` where there is no memory for it
   */
  take(decoded: DecodedImage, name: string): void {
    const { file, spec, pixels, context } = this.#options;
    const { height, width, channels, data } = shaped(decoded, spec, this.#shape);
    this.#shape ??= [height, width, channels];
    this.#store ??= new ImageStore(this.#shape, {
      ...{ file, isWhole: true, usual: [0, 255], pixels },
      rows: spec.rows,
      context,
    });
    this.#store.take(data, name);
  }
}

const sayChannels =
  'Say what all images become: channels: 1 for grey, 3 for colours, 4 with opacity.';

/** An image of the size and the channels that all have. */
function shaped(
  decoded: DecodedImage,
  spec: ImageFilesSpec,
  first: ImageShape | undefined,
): DecodedImage {
  const channels = spec.channels ?? first?.[2] ?? decoded.channels;
  if (spec.channels === null && decoded.channels !== channels) {
    throw new ImageFault(
      `it has ${decoded.channels} channels, and the first image ${channels}`,
      sayChannels,
    );
  }
  if (channels === 2) throw new ImageFault('it is grey with opacity', sayChannels);
  const image = withChannels(decoded, channels);
  const { height, width } = image;
  if (spec.size === null) {
    if (first === undefined || (first[0] === height && first[1] === width)) return image;
    throw new ImageFault(
      `it has ${height} × ${width} pixels, and the first image ${first[0]} × ${first[1]}`,
      'Say what all images become, for example by size: [32, 32].',
    );
  }
  const [newHeight, newWidth] = spec.size;
  // The largest part that has the shape of the new size.
  const part = [
    Math.max(1, Math.min(height, Math.round((width * newHeight) / newWidth))),
    Math.max(1, Math.min(width, Math.round((height * newWidth) / newHeight))),
  ] as const;
  const cut = cropped(image.data, [height, width, channels], part);
  const data = resized(cut, [part[0], part[1], channels], spec.size);
  return { height: newHeight, width: newWidth, channels, data };
}
