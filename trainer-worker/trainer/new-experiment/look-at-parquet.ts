/** Parquet files as people have them: a column of images, or columns of numbers, and one of classes. */
import { decodeImage } from '../../methods/data/image-file';
import { openParquet } from '../../methods/data/parquet-file';

/** What a Parquet file has. */
export interface LookedAtParquet {
  /** The column of images, if there is one. */
  readonly image: string | undefined;
  /** Whether its images are of several sizes or larger than {@link largestSide}, as far as was looked. */
  readonly isToScale: boolean;
  /** Columns of numbers. */
  readonly columns: readonly string[];
  /** The column of classes, if one looks like it. */
  readonly label: string | undefined;
  readonly leftOut: readonly string[];
  readonly isBinary: boolean;
}

/** Pixels per side up to which images are taken as they are. */
export const largestSide = 64;

const calledLabel = /label|class|target|species|^y$/i;
/** Classes that a column has at most. */
const mostClasses = 100;

/**
 * Looks at the first group of rows.
 *
 * @param file absolute path
 * @throws ProblemError of kind `data` where it cannot be read
 */
export function lookAtParquet(file: string): Promise<LookedAtParquet> {
  return openParquet(file, { directory: '.', seed: 0 }, async ({ columns: names, groups }) => {
    const values = new Map<string, readonly unknown[]>();
    for await (const group of groups(names)) {
      for (const [index, name] of names.entries()) values.set(name, group[index]!);
      break;
    }
    const of = (name: string) => (values.get(name) ?? []).filter((value) => value != null);
    const images = names.filter((name) => of(name).length > 0 && of(name).every(isImage));
    const image = images[0];
    const numeric = names.filter((name) => of(name).length > 0 && of(name).every(isNumber));
    const isClasses = (name: string) => {
      const kinds = new Set(of(name).map(String)).size;
      const isText = of(name).every((value) => typeof value === 'string');
      const isWhole = of(name).every((value) => Number.isInteger(Number(value)));
      return (
        kinds > 1 &&
        kinds <= Math.min(mostClasses, of(name).length / 2) &&
        (isText || (isWhole && calledLabel.test(name)))
      );
    };
    const label = names.find((name) => name !== image && isClasses(name));
    const columns = image === undefined ? numeric.filter((name) => name !== label) : [];
    return {
      image,
      isToScale: image !== undefined && areToScale(of(image)),
      columns,
      label,
      leftOut: names.filter((name) => ![image, label, ...columns].includes(name)),
      isBinary: columns.every((name) => of(name).every((x) => Number(x) === 0 || Number(x) === 1)),
    };
  });
}

const isNumber = (value: unknown) =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';

/** The bytes of an image, bare or as Hugging Face has them. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { bytes }: { readonly bytes?: unknown } = value;
  return bytes instanceof Uint8Array ? bytes : undefined;
}

const isImage = (value: unknown) => bytesOf(value) !== undefined;

function areToScale(images: readonly unknown[]): boolean {
  const sizes = images.slice(0, 50).map((value) => {
    try {
      const { height, width } = decodeImage(bytesOf(value)!);
      return [height, width] as const;
    } catch {
      // Whoever loads it tells what is wrong with it.
      return [0, 0] as const;
    }
  });
  const [first] = sizes;
  return sizes.some(
    ([height, width]) =>
      height !== first![0] || width !== first![1] || Math.max(height, width) > largestSide,
  );
}
