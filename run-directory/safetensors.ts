/**
 * The safetensors format (huggingface/safetensors, README “Format”):
 *
 *     u64 length of the header, little-endian · header (JSON) · data
 *
 * The header maps a tensor's name to its type, its shape and the place of its data, and
 * `__metadata__` to strings. Data are little-endian, in C order, without gaps or overlaps.
 */

import { brainToNumber, halfToNumber } from './half-precision';

/** A tensor on the host. `data.length` is the product of `shape`. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A tensor of numbers that do not become single precision. */
export interface UnreadTensor {
  readonly name: string;
  /** What the file calls their type: `I64`. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** What a checkpoint file holds. */
export interface SafetensorsFile {
  readonly tensors: readonly NamedTensor[];
  /** What else it holds. */
  readonly unread: readonly UnreadTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

const largestHeader = 100_000_000;

/**
 * Reads a whole file of tensors as {@link writeSafetensors} writes them, none of which may be missing.
 *
 * @throws Error that says what is wrong with the bytes and where
 */
export function readAllTensors(bytes: Uint8Array): Omit<SafetensorsFile, 'unread'> {
  const { tensors, unread, metadata } = readSafetensors(bytes);
  const [first] = unread;
  if (first === undefined) return { tensors, metadata };
  throw new Error(
    `byte 8: tensor '${first.name}' is of type ${first.dtype}; ${readableNames} can be read.`,
  );
}

/** Types of numbers that can be read: their bytes, and how they become single precision. */
const types: {
  readonly [dtype: string]: {
    readonly bytes: number;
    /** @param raw in a buffer of its own */
    readonly toFloats: (raw: Uint8Array<ArrayBuffer>) => Float32Array;
  };
} = {
  F32: { bytes: 4, toFloats: ({ buffer }) => new Float32Array(buffer) },
  F64: { bytes: 8, toFloats: ({ buffer }) => Float32Array.from(new Float64Array(buffer)) },
  F16: {
    bytes: 2,
    toFloats: ({ buffer }) => Float32Array.from(new Uint16Array(buffer), halfToNumber),
  },
  BF16: {
    bytes: 2,
    toFloats: ({ buffer }) => Float32Array.from(new Uint16Array(buffer), brainToNumber),
  },
};

/** What can be read, for messages. */
export const readableNames = Object.keys(types).join(', ');

/**
 * The parts of a file, to be written in order.
 *
 * @throws RangeError when a tensor's data do not fill its shape or a name comes twice
 */
export function writeSafetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  const names = new Set(['__metadata__']);
  const data: Uint8Array[] = [];
  let offset = 0;
  for (const { name, shape, data: values } of tensors) {
    if (product(shape) !== values.length) {
      throw new RangeError(
        `Tensor '${name}': ${values.length} numbers do not fill the shape [${shape.join(', ')}].`,
      );
    }
    if (names.has(name)) throw new RangeError(`Two tensors are named '${name}'.`);
    names.add(name);
    const end = offset + values.byteLength;
    entries.push([name, { dtype: 'F32', shape, data_offsets: [offset, end] }]);
    data.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Spaces up to a multiple of 8, so that mapped data are aligned.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + headerBytes).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerBytes), true);
  head.set(json, 8);
  return [head, ...data];
}

/**
 * Reads the tensors of F32, F64, F16 or BF16 of a whole file; each gets a buffer of its own. Numbers of
 * F64 are rounded to single precision, beyond its range to infinity; the others keep their value.
 *
 * @throws Error that says what is wrong with the bytes and where
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { places, metadata, dataStart } = placesOfTensors(bytes, bytes.length);
  const tensors: NamedTensor[] = [];
  const unread: UnreadTensor[] = [];
  for (const { name, dtype, shape, begin, end } of places) {
    const toFloats = typeOf(dtype)?.toFloats;
    if (toFloats === undefined) unread.push({ name, dtype, shape });
    else {
      // Not `slice`, which for a Node buffer copies nothing.
      const raw = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
      tensors.push({ name, shape, data: toFloats(raw) });
    }
  }
  return { tensors, unread, metadata };
}

/** Where a tensor is in a file. */
interface TensorPlace {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** From the beginning of the data. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Where the tensors of a file are, in the order of their data.
 *
 * @param head the file, or its beginning with all of the header
 * @param size bytes of the file
 * @throws Error that says what is wrong with the bytes and where
 */
export function placesOfTensors(head: Uint8Array, size: number) {
  if (head.length < 8) throw new Error('byte 0: it ends before the length of its header.');
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > Math.min(largestHeader, size - 8)) {
    throw new Error(`byte 0: a header of ${headerBytes} bytes does not fit into the file.`);
  }
  const header = parseHeader(head.subarray(8, 8 + headerBytes));
  const dataStart = 8 + headerBytes;
  const dataBytes = size - dataStart;
  let metadata: Readonly<Record<string, string>> = {};
  const places: TensorPlace[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = checkMetadata(entry);
    else places.push({ name, ...checkEntry(name, entry, dataBytes) });
  }
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of places) {
    if (begin !== covered) {
      const fault = begin < covered ? 'overlap those of another tensor' : 'leave a gap before them';
      throw new Error(`byte ${dataStart + begin}: the data of '${name}' ${fault}.`);
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new Error(
      `byte ${dataStart + covered}: ${dataBytes - covered} bytes belong to no tensor.`,
    );
  }
  return { places, metadata, dataStart };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (thrown) {
    throw new Error(`byte 8: the header is not JSON: ${String(thrown)}.`, { cause: thrown });
  }
  if (!isObject(header)) throw new Error('byte 8: the header is not a JSON object.');
  const twice = repeatedKey(text);
  if (twice !== undefined) throw new Error(`byte 8: two tensors are named '${twice}'.`);
  return header;
}

/**
 * A name that an object has twice, of which `JSON.parse` keeps the last without a word.
 *
 * @param json sound JSON of an object
 */
function repeatedKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token, string, colon] of json.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)|[[\]{}]/g)) {
    if (string === undefined) depth += token === '{' || token === '[' ? 1 : -1;
    else if (depth === 1 && colon !== '') {
      const key = JSON.parse(string) as string;
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}

function checkMetadata(entry: unknown): Readonly<Record<string, string>> {
  if (!isObject(entry) || Object.values(entry).some((value) => typeof value !== 'string')) {
    throw new Error("byte 8: '__metadata__' may hold strings only.");
  }
  return entry as Record<string, string>;
}

function checkEntry(name: string, entry: unknown, dataBytes: number) {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  if (typeof dtype !== 'string') throw new Error(`byte 8: tensor '${name}' has no type.`);
  if (!isCounts(shape) || !isCounts(offsets)) {
    throw new Error(`byte 8: the shape or the offsets of tensor '${name}' are not counts.`);
  }
  const [begin, end] = offsets;
  if (offsets.length !== 2 || begin === undefined || end === undefined || end > dataBytes) {
    throw new Error(`byte 8: the offsets of tensor '${name}' lie outside the data.`);
  }
  // Of a type that is not known only whoever wrote it knows how many bytes it needs.
  const needed = (typeOf(dtype)?.bytes ?? Number.NaN) * product(shape);
  if (end < begin || (end - begin !== needed && !Number.isNaN(needed))) {
    throw new Error(
      `byte 8: tensor '${name}' of shape [${shape.join(', ')}] needs ${needed} bytes, not ${end - begin}.`,
    );
  }
  return { dtype, shape, begin, end };
}

function typeOf(dtype: string) {
  return Object.hasOwn(types, dtype) ? types[dtype] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
