/**
 * NumPy's `.npy` format (NumPy Enhancement Proposal 1; `numpy/lib/format.py`):
 *
 *     "\x93NUMPY" · u8 major · u8 minor · u16 (version 1) or u32 header length · header · data
 *
 * The header is a Python dict literal with the keys `descr`, `fortran_order` and `shape`. It is
 * read by a parser for exactly that, never evaluated.
 */

import { halfToNumber } from './half-precision';

/** `f`loating, `i`nteger, `u`nsigned or `b`oolean, and the bytes of a number. */
type NpyType = 'f2' | 'f4' | 'f8' | 'i1' | 'i2' | 'i4' | 'i8' | 'u1' | 'u2' | 'u4' | 'u8' | 'b1';

/** Numbers of any of those types; booleans are bytes of 0 and 1, halves become single precision. */
export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** An array of any number of dimensions, in C order. */
export interface NpyArray {
  readonly dtype: NpyType;
  readonly shape: readonly number[];
  /** As long as the product of the shape, in a buffer of its own. */
  readonly data: NpyData;
}

const types: Readonly<Record<NpyType, (buffer: ArrayBuffer) => NpyData>> = {
  f2: (buffer) => Float32Array.from(new Uint16Array(buffer), halfToNumber),
  f4: (buffer) => new Float32Array(buffer),
  f8: (buffer) => new Float64Array(buffer),
  i1: (buffer) => new Int8Array(buffer),
  i2: (buffer) => new Int16Array(buffer),
  i4: (buffer) => new Int32Array(buffer),
  i8: (buffer) => new BigInt64Array(buffer),
  u1: (buffer) => new Uint8Array(buffer),
  u2: (buffer) => new Uint16Array(buffer),
  u4: (buffer) => new Uint32Array(buffer),
  u8: (buffer) => new BigUint64Array(buffer),
  b1: (buffer) => new Uint8Array(buffer),
};

/** Bytes that a number takes in a file. */
function bytesOf(type: NpyType): number {
  return Number(type.slice(1));
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const longestHeader = 2 ** 16;
/** So many bytes of a file hold its header in any case. */
export const npyHeaderBytes = longestHeader + 12;
const mostDimensions = 32;

/**
 * The parts of a version 1.0 file in C order and little-endian.
 *
 * @throws RangeError when the data do not fill the shape
 */
export function writeNpy(data: Float32Array, shape: readonly number[]): Uint8Array[] {
  if (product(shape) !== data.length) {
    throw new RangeError(`${data.length} numbers do not fill the shape [${shape.join(', ')}].`);
  }
  // A tuple of one needs its comma: (3,)
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  // Data begin at a multiple of 64 bytes, after a line feed.
  const before = magic.length + 4;
  const padded = `${dict.padEnd(Math.ceil((before + dict.length + 1) / 64) * 64 - before - 1)}\n`;
  const head = new Uint8Array(before + padded.length);
  head.set(magic);
  head[6] = 1;
  new DataView(head.buffer).setUint16(8, padded.length, true);
  head.set(new TextEncoder().encode(padded), before);
  return [head, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}

/** What a file says of its array. */
export interface NpyHeader {
  readonly dtype: NpyType;
  /** Bytes that a number takes. */
  readonly itemBytes: number;
  readonly bigEndian: boolean;
  /** Whether the first index is the fastest. */
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Where its data begin in the file. */
  readonly dataStart: number;
  /** What its data take. */
  readonly dataBytes: number;
}

/**
 * Reads the header of a `.npy` file of version 1, 2 or 3.
 *
 * @param bytes the file, or its first {@link npyHeaderBytes}
 * @throws Error that says what is wrong with the bytes and where; an {@link NpyTypeError} where its
 *   array is none of numbers that can be read
 */
export function readNpyHeader(bytes: Uint8Array): NpyHeader {
  if (magic.some((byte, index) => bytes[index] !== byte)) {
    throw new Error('byte 0: it does not begin with "\\x93NUMPY", so it is no NumPy file.');
  }
  const major = bytes[6] ?? 0;
  if (major < 1 || major > 3) {
    throw new Error(`byte 6: version ${major} is not known; versions 1 to 3 are.`);
  }
  const lengthBytes = major === 1 ? 2 : 4;
  const headerStart = 8 + lengthBytes;
  if (bytes.length < headerStart) throw new Error('byte 8: it ends before its header.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > longestHeader) {
    throw new Error(`byte 8: a header of ${headerLength} bytes is too long.`);
  }
  const dataStart = headerStart + headerLength;
  if (bytes.length < dataStart) {
    throw new Error(`byte 8: a header of ${headerLength} bytes does not fit into the file.`);
  }
  // Version 3 has UTF-8; every header that is acceptable here is ASCII in all three.
  const text = new TextDecoder('latin1').decode(bytes.subarray(headerStart, dataStart));
  const header = new HeaderParser(text, headerStart).parse();
  const itemBytes = bytesOf(header.dtype);
  return { ...header, itemBytes, dataStart, dataBytes: product(header.shape) * itemBytes };
}

/**
 * The numbers that bytes of a file's data are.
 *
 * @param raw whole numbers, in a buffer of their own; their order may be changed
 */
export function npyNumbers(
  { dtype, itemBytes, bigEndian }: NpyHeader,
  raw: Uint8Array<ArrayBuffer>,
): NpyData {
  if (bigEndian) reverseBytes(raw, itemBytes);
  return types[dtype](raw.buffer);
}

/**
 * Reads a whole `.npy` file of version 1, 2 or 3, of either byte order and either memory order.
 *
 * @throws Error that says what is wrong with the bytes and where; nothing is allocated for a shape
 *   that the bytes do not fill
 */
export function readNpy(bytes: Uint8Array): NpyArray {
  const header = readNpyHeader(bytes);
  const { dtype, shape, dataStart, dataBytes, fortranOrder } = header;
  requireFilled(header, bytes.length - dataStart);
  // Not `slice`, which for a Node buffer copies nothing.
  const data = npyNumbers(header, new Uint8Array(bytes.subarray(dataStart, dataStart + dataBytes)));
  return { dtype, shape, data: fortranOrder ? toRowMajor(data, shape) : data };
}

/**
 * @param got bytes after the header
 * @throws Error unless they are what the shape needs
 */
export function requireFilled(
  { dtype, shape, dataStart, dataBytes }: NpyHeader,
  got: number,
): void {
  if (dataBytes === got) return;
  throw new Error(
    `byte ${dataStart}: the shape [${shape.join(', ')}] of ${dtype} needs ${dataBytes} bytes of data, but there are ${got}.`,
  );
}

/** An array is none of numbers that can be read. */
export class NpyTypeError extends Error {
  /** What NumPy calls its type: `|O`, `<c16`; the beginning of its fields where it has such. */
  readonly descr: string;

  constructor(message: string, descr: string) {
    super(message);
    this.name = 'NpyTypeError';
    this.descr = descr;
  }
}

/** What the dict of a header has. */
type Header = Pick<NpyHeader, 'dtype' | 'bigEndian' | 'fortranOrder' | 'shape'>;

/** Reads the one dict literal that a header may be. */
class HeaderParser {
  readonly #text: string;
  readonly #start: number;
  #at = 0;

  /** @param start where in the file the text begins, for messages */
  constructor(text: string, start: number) {
    this.#text = text;
    this.#start = start;
  }

  parse(): Header {
    let type: Pick<Header, 'dtype' | 'bigEndian'> | undefined;
    let fortranOrder: boolean | undefined;
    let shape: number[] | undefined;
    this.#expect('{');
    while (!this.#accept('}')) {
      const key = this.#string();
      this.#expect(':');
      if (key === 'descr' && !type) type = this.#type();
      else if (key === 'fortran_order' && fortranOrder === undefined) fortranOrder = this.#bool();
      else if (key === 'shape' && !shape) shape = this.#shape();
      else this.#fail(`'${key.slice(0, 40)}' is not expected there`);
      if (!this.#accept(',')) {
        this.#expect('}');
        break;
      }
    }
    this.#space();
    if (this.#at < this.#text.length) this.#fail('something follows the dict');
    if (!type || fortranOrder === undefined || !shape) {
      return this.#fail("one of 'descr', 'fortran_order' and 'shape' is missing");
    }
    return { ...type, fortranOrder, shape };
  }

  #type(): Pick<Header, 'dtype' | 'bigEndian'> {
    if (this.#accept('[')) this.#refuse(this.#text.slice(this.#at - 1, this.#at + 39));
    const descr = this.#string();
    const dtype = descr.slice(1);
    const order = descr[0] ?? '';
    if (!Object.hasOwn(types, dtype) || !'<>|='.includes(order)) {
      return this.#refuse(descr.slice(0, 40));
    }
    return { dtype: dtype as NpyType, bigEndian: order === '>' };
  }

  #refuse(descr: string): never {
    throw new NpyTypeError(
      `byte ${this.#start + this.#at}: numbers of type '${descr}' cannot be read; ${Object.keys(types).join(', ')} can.`,
      descr,
    );
  }

  #bool(): boolean {
    if (this.#accept('True')) return true;
    this.#expect('False');
    return false;
  }

  #shape(): number[] {
    const shape: number[] = [];
    this.#expect('(');
    while (!this.#accept(')')) {
      // Python 2 wrote long integers as 3L.
      const digits = this.#match(/(\d{1,16})L?/y)?.[1];
      const length = Number(digits ?? Number.NaN);
      if (!Number.isSafeInteger(length)) this.#fail('a dimension is no number');
      shape.push(length);
      if (shape.length > mostDimensions)
        this.#fail(`it has more than ${mostDimensions} dimensions`);
      if (!this.#accept(',')) {
        this.#expect(')');
        break;
      }
    }
    return shape;
  }

  #string(): string {
    const match = this.#match(/'([^'\\\n]*)'|"([^"\\\n]*)"/y);
    return match?.[1] ?? match?.[2] ?? this.#fail('a string is expected there');
  }

  #accept(token: string): boolean {
    this.#space();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) this.#fail(`'${token}' is expected there`);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    this.#space();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }

  #space(): void {
    while (' \n\t'.includes(this.#text[this.#at] ?? '.')) this.#at += 1;
  }

  #fail(what: string): never {
    throw new Error(`byte ${this.#start + this.#at}: the header is malformed: ${what}.`);
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function reverseBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; size > 1 && at < bytes.length; at += size) {
    bytes.subarray(at, at + size).reverse();
  }
}

/** From Fortran order (first index fastest) to C order (last index fastest). */
function toRowMajor(data: NpyData, shape: readonly number[]): NpyData {
  const result = data.slice();
  const index = new Array<number>(shape.length).fill(0);
  const strides = shape.map((_, axis) => product(shape.slice(0, axis)));
  let from = 0;
  for (let to = 0; to < data.length; to += 1) {
    // Both arrays have the same class, which the type system cannot see.
    (result as Float64Array)[to] = (data as Float64Array)[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const next = (index[axis] ?? 0) + 1;
      const length = shape[axis] ?? 0;
      const stride = strides[axis] ?? 0;
      if (next < length) {
        index[axis] = next;
        from += stride;
        break;
      }
      index[axis] = 0;
      from -= stride * (length - 1);
    }
  }
  return result;
}
