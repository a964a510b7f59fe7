/**
 * The format of MNIST and its kin (Y. LeCun, C. Cortes & C. Burges, "The MNIST database"):
 *
 *     0 · 0 · u8 type · u8 dimensions · u32 length of each dimension, big-endian · data
 *
 * Data are big-endian, in C order.
 */
import { npyNumbers } from '../../../run-directory/npy';
import { binaryProblem, type DataFile, peeked } from './data-file';
import { foreignFormat } from './file-format';
import type { Tensor } from './tensor';

/** Types of numbers by their byte, as NumPy calls them. */
const types = new Map([
  [0x08, 'u1'],
  [0x09, 'i1'],
  [0x0b, 'i2'],
  [0x0c, 'i4'],
  [0x0d, 'f4'],
  [0x0e, 'f8'],
] as const);

const mostDimensions = 4;

/** gzip makes no more of a file than so many times its bytes. */
const largestRatio = 1100;

/** Whether bytes begin an IDX file. */
export function isIdx(head: Uint8Array): boolean {
  return head[0] === 0 && head[1] === 0 && types.has(head[2] as 0x08) && (head[3] ?? 0) > 0;
}

/**
 * Opens an IDX file; it may be gzipped.
 *
 * @throws ProblemError of kind `data` where it is none
 */
export async function openIdx(file: DataFile): Promise<Tensor> {
  const { head, all } = await peeked(file.contents(), 512);
  const { path, size } = file;
  const fault = (why: string, remedy: string) =>
    binaryProblem(`${path} is not an IDX file: ${why}`, remedy);
  const again = 'Get it again, or write it anew.';
  if (!isIdx(head)) {
    const foreign = foreignFormat(head, path);
    throw fault(
      foreign
        ? `it is ${foreign.name}.`
        : `it begins with ${[...head.subarray(0, 4)].join(', ') || 'nothing'} instead of 0, 0 and a type.`,
      foreign?.remedy ?? 'Name a file like train-images-idx3-ubyte.gz.',
    );
  }
  const dimensions = head[3]!;
  if (dimensions > mostDimensions) {
    throw fault(`it has ${dimensions} dimensions; ${mostDimensions} at most can be read.`, again);
  }
  const dataStart = 4 + 4 * dimensions;
  if (head.length < dataStart) throw fault('it ends before its data.', again);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const shape = Array.from({ length: dimensions }, (_, d) => view.getUint32(4 + 4 * d));
  const dtype = types.get(head[2] as 0x08)!;
  const itemBytes = Number(dtype.slice(1));
  const dataBytes = shape.reduce((product, length) => product * length, itemBytes);
  const header = { dtype, shape, itemBytes, dataStart, dataBytes, fortranOrder: false };
  const unfilled = (got: number) =>
    fault(
      `its shape [${shape.join(', ')}] of ${dtype} needs ${dataBytes} bytes of data, but there are ${got}.`,
      again,
    );
  // Before anything is made ready for what cannot come.
  if (dataBytes > largestRatio * size) throw unfilled(size - dataStart);
  const isWhole = !dtype.startsWith('f');
  return {
    file,
    header: {
      ...header,
      isWhole,
      isSingle: dtype !== 'i4' && dtype !== 'f8',
      usualPixels: isWhole ? [0, 255] : [0, 1],
      numbers: (raw) => npyNumbers({ ...header, bigEndian: true }, raw),
    },
    bytes: all,
    unfilled,
  };
}
