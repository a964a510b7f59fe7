import type { ArraySpec } from './array-set';
import { binaryProblem } from './data-file';
import type { DataContext } from './dataset';
import type { ImagesRead } from './image-set';
import { ImageStore } from './image-store';
import { requireAsManyClasses } from './labels';
import { type PixelOptions, pixelFields } from './pixels';
import type { ImageShape } from './resample';
import { numbersOf, type Tensor } from './tensor';

/** Grey, grey with opacity, colours, colours with opacity. */
const mostChannels = 4;

/**
 * Height, width and channels where an array is one of images; `undefined` where it is a table.
 *
 * @throws ProblemError of kind `data` where it is neither, or an option is for the other
 */
export function shapeOfImages(
  { file: { path: file }, header: { shape, fortranOrder } }: Tensor,
  spec: ArraySpec,
): ImageShape | undefined {
  const [count, ...rest] = shape;
  const shown = `${file} holds an array of shape [${shape.join(', ')}]`;
  const found = rest.length <= 1 && spec.image === null ? undefined : imageShapeOf(rest, spec);
  if (found === undefined) {
    const option = pixelOptionOf(spec);
    if (count === undefined || rest.length > 1 || rest[0] === 0) {
      throw binaryProblem(
        `${shown}.`,
        'Save it as [rows, columns], for example with array.reshape(len(array), -1); or images as [images, height, width] or [images, height, width, channels].',
      );
    }
    if (option !== undefined) {
      throw binaryProblem(
        `${shown}, of rows, but the option ${option} is for images.`,
        'Say what a row is with the option image: [height, width], or leave that option out.',
      );
    }
    return undefined;
  }
  if (typeof found === 'string') throw binaryProblem(`${shown}, ${found}`, remedyOf(rest));
  if (fortranOrder) {
    throw binaryProblem(
      `${shown} in Fortran order, of which no image is whole before the file ends.`,
      'Save numpy.ascontiguousarray(array).',
    );
  }
  const other = tableOptionOf(spec);
  if (other !== undefined) {
    throw binaryProblem(
      `${shown}, of images, but the option ${other} is for tables.`,
      'Leave that option out; range, dequantize, logit and binarize say what pixels become, labels the classes.',
    );
  }
  return found;
}

/** The shape of images, or what is wrong with it. */
function imageShapeOf(
  rest: readonly number[],
  { image, channelsFirst }: ArraySpec,
): ImageShape | string {
  if (image !== null) {
    const [height, width, channels = 1] = image;
    if (rest.length !== 1) return 'of images already, so that the option image has no meaning.';
    const size = height * width * channels;
    if (size === rest[0]) return [height, width, channels];
    return `of rows of ${rest[0] ?? 1} numbers, but image: [${image.join(', ')}] has ${size}.`;
  }
  if (rest.length > 3) return 'of more than four dimensions.';
  const [height, width, channels] =
    rest.length === 2
      ? [...rest, 1]
      : channelsFirst
        ? [rest[1]!, rest[2]!, rest[0]!]
        : (rest as number[]);
  if (rest.some((length) => length === 0)) return 'of images without pixels.';
  if (channels! <= mostChannels) return [height!, width!, channels!];
  return `which would be images of ${channels} channels; they can have ${mostChannels}.`;
}

function remedyOf(rest: readonly number[]): string {
  return rest.length === 3 && rest[0]! <= mostChannels
    ? 'If it is [images, channels, height, width], add channelsFirst: true.'
    : 'Save images as [images, height, width] or [images, height, width, channels].';
}

/** An option of images that was given. */
function pixelOptionOf(spec: ArraySpec): string | undefined {
  const names = Object.keys(pixelFields) as (keyof PixelOptions)[];
  return [...names, 'channelsFirst' as const].find(
    (name) => spec[name] !== null && spec[name] !== false,
  );
}

/** An option of tables that was given. */
function tableOptionOf({
  columns,
  standardize,
  domain,
  levels,
  label,
}: ArraySpec): string | undefined {
  if (columns.length > 0) return 'columns';
  if (standardize === true) return 'standardize';
  if (domain !== 'real') return 'domain';
  if (levels !== null) return 'levels';
  return label === null ? undefined : 'label';
}

/**
 * Reads images.
 *
 * @param classes of all of them, where they have classes
 * @throws ProblemError of kind `data` that names the image and the pixel
 */
export async function readImages(
  tensor: Tensor,
  shape: ImageShape,
  spec: ArraySpec,
  context: DataContext,
  classes: ArrayLike<number> | undefined,
): Promise<ImagesRead & { readonly warnings: readonly string[] }> {
  const { file, header } = tensor;
  requireAsManyClasses(file.path, classes, header.shape[0]!);
  const store = new ImageStore(shape, {
    file: file.path,
    isWhole: header.isWhole,
    usual: header.usualPixels,
    ifNone: 'Measurements that are no images are rows of numbers: array.reshape(len(array), -1).',
    pixels: spec,
    rows: spec.rows,
    context,
  });
  const size = shape[0] * shape[1] * shape[2];
  const isFirst = spec.channelsFirst && header.shape.length === 4;
  let image: Uint8Array | Float64Array = new Float64Array(size);
  let filled = 0;
  for await (const numbers of numbersOf(tensor)) {
    if (numbers instanceof Uint8Array && !(image instanceof Uint8Array)) {
      image = new Uint8Array(size);
    }
    for (let at = 0; at < numbers.length; ) {
      const count = Math.min(size - filled, numbers.length - at);
      if (numbers instanceof Uint8Array) image.set(numbers.subarray(at, at + count), filled);
      else for (let i = 0; i < count; i++) image[filled + i] = Number(numbers[at + i]);
      filled += count;
      at += count;
      if (filled < size) continue;
      store.take(isFirst ? channelsLast(image, shape) : image);
      filled = 0;
    }
  }
  return { store, ...(classes ? { classes } : {}), warnings: store.warnings() };
}

/** `[channels, height, width]` as `[height, width, channels]`. */
function channelsLast<A extends Uint8Array | Float64Array>(
  image: A,
  [height, width, channels]: ImageShape,
): A {
  const out = image.slice() as A;
  const area = height * width;
  for (let channel = 0; channel < channels; channel++) {
    for (let place = 0; place < area; place++) {
      out[place * channels + channel] = image[channel * area + place]!;
    }
  }
  return out;
}
