/**
 * How one message becomes one frame of bytes, and back.
 *
 *     u32 length of all that follows · u32 length of the header · u32 number of arrays n
 *     n × u32 length of each array · header (MessagePack) · the arrays, one after the other
 *
 * All integers are little-endian, and so are the arrays. In the header an array is an extension
 * that holds its index, so that a message of megabytes is packed and unpacked without touching them.
 */
import { addExtension, Packr, Unpackr } from 'msgpackr/pack';

/** A frame, header and arrays together, may have no more bytes than this. */
export const maxFrameBytes = 64 * 2 ** 20;
/** What is not an array must fit into this. */
const maxHeaderBytes = 16 * 2 ** 20;
/** More arrays than this in one message are refused. */
const maxArrays = 4096;

/** Extension type in the header → what the array becomes. Part of the wire format. */
const arrayTypes = [
  [1, Float32Array],
  [2, Float64Array],
  [3, Int32Array],
  [4, Uint32Array],
  [5, Uint8Array],
] as const;

type WireArray = InstanceType<(typeof arrayTypes)[number][1]>;

// The extensions' functions have no context of their own: these are the arrays of the one message
// that is being packed or unpacked, which happens in one go.
let packed: WireArray[] = [];
let unpacked: (ArrayBuffer | undefined)[] = [];

for (const [type, Class] of arrayTypes) {
  addExtension({
    Class,
    type,
    pack: (array: WireArray) => {
      const index = packed.push(array) - 1;
      return Uint8Array.of(index & 0xff, index >> 8);
    },
    unpack: (data: Uint8Array) => {
      const index = (data[0] ?? 0) + (data[1] ?? 0) * 256;
      const buffer = unpacked[index];
      if (data.length !== 2 || !buffer) throw new Error(`there is no array ${index}`);
      if (buffer.byteLength % Class.BYTES_PER_ELEMENT !== 0) {
        throw new Error(`array ${index} has ${buffer.byteLength} bytes, not whole numbers`);
      }
      // Two views must not share a buffer.
      unpacked[index] = undefined;
      return new Class(buffer);
    },
  });
}

// Everything else that msgpackr could build from bytes (errors, sets, regular expressions, big
// integers, bundled strings, dates, shared and cyclic references) has no place in our messages.
for (const type of [0x42, 0x62, 0x65, 0x69, 0x70, 0x73, 0x74, 0x78, 0xff]) {
  addExtension({
    type,
    unpack: () => {
      throw new Error(`extension ${type} is not part of the protocol`);
    },
  });
}

const packr = new Packr({ useRecords: false, structuredClone: false });
const unpackr = new Unpackr({ useRecords: false, structuredClone: false, mapsAsObjects: true });
// Frames could define record structures, for which msgpackr compiles functions: a frozen list makes
// the definition itself fail.
Object.assign(unpackr, { structures: Object.freeze(Object.assign([], { sharedLength: 0 })) });

/**
 * The parts of a message's frame, to be written in order. The arrays are the message's own memory,
 * not copies: they must not change until they are written.
 *
 * @throws Error when the frame would be larger than a receiver accepts
 */
export function encodeFrame(message: unknown): Uint8Array[] {
  packed = [];
  let header: Uint8Array;
  let arrays: Uint8Array[];
  try {
    header = packr.pack(message);
    arrays = packed.map(
      (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
  } finally {
    packed = [];
  }
  const head = new Uint8Array(12 + 4 * arrays.length);
  const view = new DataView(head.buffer);
  const bytes =
    arrays.reduce((sum, array) => sum + array.byteLength, head.length - 4) + header.length;
  if (bytes > maxFrameBytes || header.length > maxHeaderBytes || arrays.length > maxArrays) {
    throw new Error(
      `A message of ${bytes} bytes in ${arrays.length} arrays is larger than a frame may be.`,
    );
  }
  view.setUint32(0, bytes, true);
  view.setUint32(4, header.length, true);
  view.setUint32(8, arrays.length, true);
  for (const [index, array] of arrays.entries()) {
    view.setUint32(12 + 4 * index, array.byteLength, true);
  }
  return [head, header, ...arrays];
}

/** Turns the bytes of a stream into messages. Throws on the first byte that cannot be right. */
export class FrameDecoder {
  readonly #onMessage: (message: unknown) => void;
  readonly #limit: number;
  #stage: 'head' | 'lengths' | 'header' | 'array' = 'head';
  /** The part that is being filled, and how much of it is. Each is exactly as long as its part. */
  #part = new Uint8Array(12);
  #filled = 0;
  #frameBytes = 0;
  #headerBytes = 0;
  #lengths: number[] = [];
  #header = new Uint8Array(0);
  #arrays: ArrayBuffer[] = [];

  /** @param limit a frame may have no more bytes than this, nor than {@link maxFrameBytes} */
  constructor(onMessage: (message: unknown) => void, limit: number = maxFrameBytes) {
    this.#onMessage = onMessage;
    this.#limit = Math.min(limit, maxFrameBytes);
  }

  /** Whether the last frame is complete. */
  get atBoundary(): boolean {
    return this.#stage === 'head' && this.#filled === 0;
  }

  /**
   * Takes the next bytes of the stream, in pieces of any size. Copies what it keeps.
   *
   * @throws Error when they break the format; the stream has then no known boundary any more
   */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length) {
      const wanted = Math.min(this.#part.length - this.#filled, chunk.length - offset);
      this.#part.set(chunk.subarray(offset, offset + wanted), this.#filled);
      this.#filled += wanted;
      offset += wanted;
      // Empty parts follow without a byte of their own.
      while (this.#filled === this.#part.length) this.#partComplete();
    }
  }

  #partComplete(): void {
    const part = this.#part;
    switch (this.#stage) {
      case 'head': {
        const view = new DataView(part.buffer);
        this.#frameBytes = view.getUint32(0, true);
        this.#headerBytes = view.getUint32(4, true);
        const count = view.getUint32(8, true);
        if (this.#frameBytes > this.#limit || this.#headerBytes > maxHeaderBytes) {
          throw new Error(`A frame of ${this.#frameBytes} bytes is larger than ${this.#limit}.`);
        }
        if (count > maxArrays || 8 + 4 * count + this.#headerBytes > this.#frameBytes) {
          throw new Error('A frame is shorter than its own header says.');
        }
        this.#arrays = [];
        this.#next('lengths', 4 * count);
        return;
      }
      case 'lengths': {
        const view = new DataView(part.buffer);
        this.#lengths = Array.from({ length: part.length / 4 }, (_, i) =>
          view.getUint32(4 * i, true),
        );
        const sum = this.#lengths.reduce((a, b) => a + b, 8 + part.length + this.#headerBytes);
        if (sum !== this.#frameBytes) {
          throw new Error(`A frame of ${this.#frameBytes} bytes has parts of ${sum} bytes.`);
        }
        this.#next('header', this.#headerBytes);
        return;
      }
      case 'header':
        this.#header = part;
        this.#nextArray();
        return;
      case 'array':
        this.#arrays.push(part.buffer);
        this.#nextArray();
        return;
    }
  }

  #nextArray(): void {
    const length = this.#lengths[this.#arrays.length];
    if (length !== undefined) {
      this.#next('array', length);
      return;
    }
    const message = decode(this.#header, this.#arrays);
    this.#arrays = [];
    this.#header = new Uint8Array(0);
    this.#next('head', 12);
    this.#onMessage(message);
  }

  #next(stage: 'head' | 'lengths' | 'header' | 'array', bytes: number): void {
    this.#stage = stage;
    this.#part = new Uint8Array(bytes);
    this.#filled = 0;
  }
}

function decode(header: Uint8Array, arrays: readonly ArrayBuffer[]): unknown {
  unpacked = [...arrays];
  try {
    const message: unknown = unpackr.unpack(header);
    if (unpacked.some((array) => array !== undefined)) {
      throw new Error('an array belongs nowhere');
    }
    return message;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(`A frame's header is not a message: ${why}.`, { cause: thrown });
  } finally {
    unpacked = [];
  }
}
