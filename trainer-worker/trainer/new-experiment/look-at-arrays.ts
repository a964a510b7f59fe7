/** Archives of arrays as people have them: which array has the rows, which the classes, what pixels are. */
import { openDataFile } from '../../methods/data/data-file';
import { openNpy } from '../../methods/data/npy-tensor';
import { arrayNames, isArchive } from '../../methods/data/npz-entries';
import { openSafetensors, tensorNames } from '../../methods/data/safetensors-tensor';
import { numbersOf, type Tensor } from '../../methods/data/tensor';
import type { OptionValue } from './source-text';

/** An array, and what is to be said of it. */
export interface LookedAtArray {
  /** Its name, where there are several. */
  readonly name: string | undefined;
  /** The name of that of the classes, if there is one. */
  readonly labels: string | undefined;
  /** Options for pixels, where rows are images. */
  readonly pixels: Readonly<Record<string, OptionValue>>;
  readonly isImages: boolean;
  /** Whether there are no other numbers than 0 and 1. */
  readonly isBinary: boolean;
}

const opened = {
  npz: {
    names: async (file: string) =>
      (await isArchive(file)) ? await arrayNames(file) : ([null] as const),
    open: async (file: string, name: string | null) =>
      openNpy(await openDataFile(file, { directory: '.' }), name),
  },
  safetensors: {
    names: async (file: string) => tensorNames(await openDataFile(file, { directory: '.' })),
    open: async (file: string, name: string | null) =>
      openSafetensors(await openDataFile(file, { directory: '.' }), name),
  },
};

/** What classes are called. */
const calledLabels = /label|class|target|^y(_|$)|^y$/i;
/** What is held out, which a tenth of the rows is anyhow. */
const calledOther = /test|val(id)?|heldout/i;

/**
 * Looks at the arrays of a file.
 *
 * @param file absolute path
 * @throws ProblemError of kind `data` where it cannot be read, or has no array of rows
 */
export async function lookAtArrays(
  format: keyof typeof opened,
  file: string,
): Promise<LookedAtArray> {
  const { names, open } = opened[format];
  const all = await names(file);
  const shapes: { readonly name: string | null; readonly shape: readonly number[] }[] = [];
  for (const name of all) {
    // One that holds no numbers is none that is meant.
    const tensor = all.length === 1 ? await open(file, name) : await tried(() => open(file, name));
    if (tensor === undefined) continue;
    shapes.push({ name, shape: tensor.header.shape });
    await tensor.bytes[Symbol.asyncIterator]().return?.();
  }
  const size = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);
  const rank = ({ name, shape }: (typeof shapes)[number]) =>
    size(shape) / (name !== null && calledOther.test(name) ? 1e12 : 1);
  const [main] = shapes
    .filter(({ shape }) => shape.length >= 2 && shape.length <= 4)
    .sort((a, b) => rank(b) - rank(a));
  // Told as whoever loads it tells it.
  const rows = await open(file, main?.name ?? null);
  const [count, ...rest] = rows.header.shape;
  const labels = shapes.find(
    ({ name, shape }) =>
      name !== null &&
      name !== main?.name &&
      calledLabels.test(name) &&
      shape[0] === count &&
      size(shape) === count,
  )?.name;
  const range = await rangeOf(rows);
  const isImages = rest.length > 1;
  return {
    name: all.length > 1 ? (main?.name ?? undefined) : undefined,
    labels: labels ?? undefined,
    isImages,
    isBinary: range.isBinary,
    pixels: isImages ? pixelOptions(rest, rows, range) : {},
  };
}

async function tried<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly isBinary: boolean;
}

async function rangeOf(tensor: Tensor): Promise<Range> {
  let [low, high, isBinary] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for await (const block of numbersOf(tensor)) {
    for (const value of block) {
      const number = Number(value);
      if (number < low) low = number;
      if (number > high) high = number;
      isBinary &&= number === 0 || number === 1;
    }
  }
  return { low, high, isBinary };
}

/** What has to be said of pixels that are not from 0 to 255, or to 1, and of channels that come first. */
function pixelOptions(
  rest: readonly number[],
  { header: { usualPixels } }: Tensor,
  { low, high, isBinary }: Range,
): Record<string, OptionValue> {
  const [first, , last] = rest;
  const channelsFirst = rest.length === 3 && last! > 4 && first! <= 4;
  const [dark, bright] = usualPixels;
  // Bytes that stop in the middle are darker images; those that stop far below count otherwise.
  const isUsual = low >= dark && high <= bright && high > bright / 4;
  const from = low >= 0 ? [0, high] : low >= -1 && high <= 1 ? [-1, 1] : [low, high];
  return {
    ...(isBinary
      ? { from: [0, 1], binarize: 0.5 }
      : isUsual || !(from[0]! < from[1]!)
        ? {}
        : { from: from.map((value) => Number(value.toPrecision(7))) }),
    ...(channelsFirst ? { channelsFirst: true } : {}),
  };
}
