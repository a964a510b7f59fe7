/** Arrays of NumPy: `.npy` files, and those in archives of them (`.npz`). */
import path from 'node:path';
import {
  type NpyHeader,
  NpyTypeError,
  npyHeaderBytes,
  npyNumbers,
  readNpyHeader,
  requireFilled,
} from '../../../run-directory/npy';
import { excerpt } from '../options/excerpt';
import { binaryProblem, type DataFile, peeked } from './data-file';
import { foreignFormat } from './file-format';
import { isArchive, openEntry } from './npz-entries';
import type { Tensor, TensorHeader } from './tensor';

/**
 * Opens an array of NumPy.
 *
 * @param array which one of an archive is meant; `null` for the only one, and where it is no archive
 * @throws ProblemError of kind `data` where there is no such, or none of numbers
 */
export async function openNpy(file: DataFile, array: string | null): Promise<Tensor> {
  const { head, all } = await peeked(await bytesOf(file, array), npyHeaderBytes);
  const header = headerOf(head, file);
  return {
    file,
    header: tensorHeader(header),
    bytes: all,
    unfilled(got) {
      try {
        requireFilled(header, got);
      } catch (error) {
        return noArray(file.path, error);
      }
      return new Error('The shape is filled.');
    },
  };
}

/** The bytes of the array that is meant. */
async function bytesOf(file: DataFile, array: string | null): Promise<AsyncIterable<Uint8Array>> {
  if (await isArchive(file.path)) return openEntry(file.path, array);
  if (array === null) return file.contents();
  throw binaryProblem(
    `${file.path} is no archive of arrays, so it has no array '${excerpt(array)}'.`,
    'Leave the option array out.',
  );
}

function tensorHeader(header: NpyHeader): TensorHeader {
  const { dtype, shape, fortranOrder, itemBytes, dataStart, dataBytes } = header;
  const isWhole = !dtype.startsWith('f');
  return {
    shape,
    isWhole,
    isSingle: ['f2', 'f4', 'i1', 'i2', 'u1', 'u2', 'b1'].includes(dtype),
    usualPixels: isWhole && dtype !== 'b1' ? [0, 255] : [0, 1],
    fortranOrder,
    itemBytes,
    dataStart,
    dataBytes,
    numbers: (raw) => npyNumbers(header, raw),
  };
}

/** No more comes out of a file by unpacking it than so many times its bytes. */
const largestRatio = 1100;

/** @throws ProblemError of kind `data` */
function headerOf(head: Uint8Array, { path: file, size }: DataFile): NpyHeader {
  const foreign = foreignFormat(head, file);
  if (foreign && foreign.name !== 'a NumPy file') {
    throw binaryProblem(`${file} is ${foreign.name}, not an array of NumPy.`, foreign.remedy);
  }
  try {
    const header = readNpyHeader(head);
    // Before anything is made ready for what cannot come.
    if (header.dataBytes > largestRatio * size) requireFilled(header, size - header.dataStart);
    return header;
  } catch (error) {
    throw noArray(file, error);
  }
}

/** What to do with an array of each kind that holds no numbers of ours, by the letter of its type. */
const conversions: Readonly<Record<string, string>> = {
  O: 'array.astype(float)',
  U: 'array.astype(float)',
  S: 'array.astype(float)',
  c: 'numpy.stack([array.real, array.imag], axis=-1)',
  M: "array.astype('int64')",
  m: "array.astype('int64')",
  f: "array.astype('float64')",
  '[': 'numpy.lib.recfunctions.structured_to_unstructured(array)',
};

const kinds: Readonly<Record<string, string>> = {
  O: 'Python objects',
  U: 'texts',
  S: 'texts',
  c: 'complex numbers',
  M: 'dates',
  m: 'spans of time',
  '[': 'records of named fields',
};

function noArray(file: string, error: unknown) {
  const why = error instanceof Error ? error.message : String(error);
  if (!(error instanceof NpyTypeError)) {
    const isText = /\.(?:[ct]sv|txt)(?:\.gz)?$/i.test(file);
    return binaryProblem(
      `${file} is not a NumPy file of numbers: ${why}`,
      isText
        ? `Load it with data.csv('${path.basename(file)}').`
        : 'Write it with numpy.save, from an array of floats or integers.',
      error,
    );
  }
  const letter = error.descr.startsWith('[') ? '[' : (error.descr[1] ?? '');
  const kind = kinds[letter] ?? `numbers of type '${excerpt(error.descr)}'`;
  return binaryProblem(
    `${file} is not a NumPy file of numbers: it holds ${kind} (${excerpt(error.descr)}).`,
    `Save it as numbers: numpy.save('${path.basename(file)}', ${conversions[letter] ?? "array.astype('float32')"}).`,
    error,
  );
}
