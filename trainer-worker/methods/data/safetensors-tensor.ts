/** Tensors of a safetensors file. */
import { brainToNumber } from '../../../run-directory/half-precision';
import { type NpyData, npyNumbers } from '../../../run-directory/npy';
import { placesOfTensors } from '../../../run-directory/safetensors';
import { excerpt } from '../options/excerpt';
import { nearest } from '../options/nearest';
import { binaryProblem, type DataFile, peeked } from './data-file';
import { foreignFormat } from './file-format';
import type { Tensor } from './tensor';

/** Types of numbers that can be read, as NumPy calls them; it has no name for `BF16`. */
const types = {
  F64: 'f8',
  F32: 'f4',
  F16: 'f2',
  BF16: 'bf2',
  I64: 'i8',
  I32: 'i4',
  I16: 'i2',
  I8: 'i1',
  U64: 'u8',
  U32: 'u4',
  U16: 'u2',
  U8: 'u1',
  BOOL: 'b1',
} as const;

/** No header is longer: so much of a file is looked at. */
const longestHeader = 2 ** 24;

const again = 'Write it with safetensors.numpy.save_file or safetensors.torch.save_file.';

/** All of a file from its beginning, and where its tensors are. */
async function headerOf(file: DataFile) {
  const { path, size } = file;
  const first = await peeked(file.contents(), 8);
  const foreign = foreignFormat(first.head, path);
  const headerBytes =
    first.head.length < 8
      ? 0
      : Number(new DataView(first.head.buffer, first.head.byteOffset).getBigUint64(0, true));
  const fault = (why: string, remedy: string, cause?: unknown) =>
    binaryProblem(`${path} is not a safetensors file: ${why}`, remedy, cause);
  if (foreign) throw fault(`it is ${foreign.name}.`, foreign.remedy);
  if (headerBytes > longestHeader || 8 + headerBytes > size) {
    throw fault(`a header of ${headerBytes} bytes does not fit into the file.`, again);
  }
  const { head, all } = await peeked(first.all, 8 + headerBytes);
  let places: ReturnType<typeof placesOfTensors>['places'];
  try {
    ({ places } = placesOfTensors(head, size));
  } catch (error) {
    throw fault(error instanceof Error ? error.message : String(error), again, error);
  }
  return { headerBytes, all, places };
}

/**
 * The names of the tensors of a file, in its order.
 *
 * @throws ProblemError of kind `data` where it is none
 */
export async function tensorNames(file: DataFile): Promise<readonly string[]> {
  const { all, places } = await headerOf(file);
  await all[Symbol.asyncIterator]().return?.();
  return places.map(({ name }) => name);
}

/**
 * Opens a tensor of a safetensors file.
 *
 * @param wanted its name; `null` for the only one
 * @throws ProblemError of kind `data` where there is no such, or none of numbers
 */
export async function openSafetensors(file: DataFile, wanted: string | null): Promise<Tensor> {
  const { path } = file;
  const { headerBytes, all, places } = await headerOf(file);
  const names = places.map(({ name }) => name);
  const list = `${names
    .slice(0, 20)
    .map((name) => excerpt(name))
    .join(', ')}${names.length > 20 ? ', …' : ''}`;
  if (names.length === 0) throw binaryProblem(`${path} has no tensors.`, again);
  if (wanted === null && names.length > 1) {
    throw binaryProblem(
      `${path} has several tensors: ${list}.`,
      `Say which one is meant, for example with the option tensor: '${excerpt(names[0]!)}'.`,
    );
  }
  const place = wanted === null ? places[0] : places.find(({ name }) => name === wanted);
  if (place === undefined) {
    const guess = nearest(wanted!, names);
    throw binaryProblem(
      `${path} has no tensor '${excerpt(wanted!)}'.`,
      `${guess === undefined ? '' : `Did you mean '${excerpt(guess)}'? `}Its tensors are ${list}.`,
    );
  }
  const { name, shape, dtype: called } = place;
  const dtype = Object.hasOwn(types, called) ? types[called as keyof typeof types] : undefined;
  if (dtype === undefined) {
    throw binaryProblem(
      `${path}: tensor '${excerpt(name)}' is of type ${excerpt(called)}.`,
      `Save it as one of ${Object.keys(types).join(', ')}.`,
    );
  }
  const itemBytes = dtype === 'bf2' ? 2 : Number(dtype.slice(1));
  const dataStart = 8 + headerBytes + place.begin;
  const dataBytes = shape.reduce((product, length) => product * length, itemBytes);
  const unfilled = (got: number) =>
    binaryProblem(
      `${path}: tensor '${excerpt(name)}' of shape [${shape.join(', ')}] needs ${dataBytes} bytes, not ${got}.`,
      again,
    );
  if (place.end - place.begin !== dataBytes) throw unfilled(place.end - place.begin);
  const isWhole = !/^b?f/.test(dtype);
  const header = { shape, itemBytes, dataStart, dataBytes, fortranOrder: false };
  return {
    file,
    header: {
      ...header,
      isWhole,
      isSingle: itemBytes <= 2 || dtype === 'f4',
      usualPixels: isWhole && dtype !== 'b1' ? [0, 255] : [0, 1],
      numbers: (raw): NpyData =>
        dtype === 'bf2'
          ? Float32Array.from(new Uint16Array(raw.buffer), brainToNumber)
          : npyNumbers({ ...header, dtype, bigEndian: false }, raw),
    },
    bytes: all,
    isPart: true,
    unfilled,
  };
}
