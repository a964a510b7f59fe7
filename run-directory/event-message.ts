/**
 * The protobuf messages of a TensorBoard event file that matter here; event.proto is their schema.
 *
 * Writing goes by the generated schema. Reading scalars is by hand: a long run has millions of events,
 * the generated code takes 1.8 times as long for one, and it would hold all numbers of a tensor to find
 * that they are too many. A test holds the two together. What is not a scalar is passed over: images
 * and histograms are written and never read.
 */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import {
  DataType,
  EventSchema,
  SessionLog_SessionStatus as SessionStatus,
  type Summary_ValueSchema,
} from './event-proto';
import { brainToNumber, halfToNumber } from './half-precision';
import type { Histogram } from './histogram';

/** Scalars of one step. */
export interface ScalarEvent {
  readonly step: number;
  /** When it was recorded, in seconds since the epoch; 0 where that is not said. */
  readonly wallTime: number;
  readonly scalars: readonly (readonly [tag: string, value: number])[];
  /** A training begins anew at this step: what was recorded of it and later steps is void. */
  readonly isRestart?: true;
}

/** A number, an image or a histogram under its tag. */
type Value = MessageInitShape<typeof Summary_ValueSchema>;

/** The data of a file's first record. */
export function encodeFileVersion(wallTime: number): Uint8Array {
  const what = { case: 'fileVersion', value: 'brain.Event:2' } as const;
  return toBinary(EventSchema, create(EventSchema, { wallTime, what }));
}

function encodeSummary(step: number, wallTime: number, value: Value[]): Uint8Array {
  const what = { case: 'summary', value: { value } } as const;
  return toBinary(EventSchema, create(EventSchema, { wallTime, step: BigInt(step), what }));
}

/** @param wallTime seconds since the epoch */
export function encodeScalars(
  step: number,
  wallTime: number,
  values: Readonly<Record<string, number>>,
): Uint8Array {
  const value = Object.entries(values).map(
    ([tag, number]): Value => ({
      tag,
      // The package refuses what a float cannot hold; rounding makes that an infinity.
      value: { case: 'simpleValue', value: Math.fround(number) },
    }),
  );
  return encodeSummary(step, wallTime, value);
}

/** What an event may hold beside scalars, by tags that no scalar has. */
export interface Snapshot {
  readonly images: Readonly<Record<string, EncodedImage>>;
  readonly histograms: Readonly<Record<string, Histogram>>;
}

/** An image as a file that browsers show. */
interface EncodedImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** `colorspace` of an image of red, green and blue. */
const rgb = 3;

/** @param wallTime seconds since the epoch */
export function encodeSnapshot(
  step: number,
  wallTime: number,
  { images, histograms }: Snapshot,
): Uint8Array {
  return encodeSummary(step, wallTime, [
    ...Object.entries(images).map(([tag, { width, height, png }]): Value => {
      const image = { width, height, colorspace: rgb, encodedImageString: png };
      return { tag, value: { case: 'image', value: image } };
    }),
    ...Object.entries(histograms).map(
      ([tag, histogram]): Value => ({
        tag,
        value: { case: 'histo', value: histogramMessage(histogram) },
      }),
    ),
  ]);
}

function histogramMessage({ min, max, count, sum, sumOfSquares, cells }: Histogram) {
  const width = (max - min) / cells.length;
  return {
    ...{ min, max, num: count, sum, sumSquares: sumOfSquares, bucket: [...cells] },
    // A cell ends where the next one begins; the last one has the largest number.
    bucketLimit: cells.map((_, cell) =>
      cell === cells.length - 1 ? max : min + (cell + 1) * width,
    ),
  };
}

/**
 * The scalars in an event; none if it holds something else.
 *
 * @throws Error when the bytes are no protobuf message
 */
export function decodeScalars(data: Uint8Array): ScalarEvent {
  const reader = new BinaryReader(data);
  let step = 0;
  let wallTime = 0;
  let isRestart = false;
  const scalars: [string, number][] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.Bit64) {
      wallTime = reader.double();
    } else if (field === 2 && wire === WireType.Varint) {
      step = Number(reader.int64());
    } else if (field === 5 && wire === WireType.LengthDelimited) {
      decodeSummary(new BinaryReader(reader.bytes()), scalars);
    } else if (field === 7 && wire === WireType.LengthDelimited) {
      isRestart = isSessionStart(new BinaryReader(reader.bytes()));
    } else {
      reader.skip(wire, field);
    }
  }
  return isRestart ? { step, wallTime, scalars, isRestart } : { step, wallTime, scalars };
}

function isSessionStart(reader: BinaryReader): boolean {
  let status = 0;
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.Varint) status = reader.int32();
    else reader.skip(wire, field);
  }
  return status === SessionStatus.START;
}

function decodeSummary(reader: BinaryReader, scalars: [string, number][]): void {
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.LengthDelimited) {
      const scalar = decodeValue(new BinaryReader(reader.bytes()));
      if (scalar) scalars.push(scalar);
    } else {
      reader.skip(wire, field);
    }
  }
}

function decodeValue(reader: BinaryReader): [string, number] | undefined {
  let tag = '';
  let value: number | undefined;
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.LengthDelimited) tag = reader.string();
    else if (field === 2 && wire === WireType.Bit32) value = reader.float();
    else if (field === 8 && wire === WireType.LengthDelimited) {
      value = decodeTensor(new BinaryReader(reader.bytes())) ?? value;
    } else reader.skip(wire, field);
  }
  return value === undefined ? undefined : [tag, value];
}

/** Readers of one element, by data type: where it lies in `tensor_content`. */
const elements: {
  readonly [dtype: number]: readonly [bytes: number, read: (view: DataView) => number];
} = {
  [DataType.DT_FLOAT]: [4, (view) => view.getFloat32(0, true)],
  [DataType.DT_DOUBLE]: [8, (view) => view.getFloat64(0, true)],
  [DataType.DT_INT32]: [4, (view) => view.getInt32(0, true)],
  [DataType.DT_UINT8]: [1, (view) => view.getUint8(0)],
  [DataType.DT_INT16]: [2, (view) => view.getInt16(0, true)],
  [DataType.DT_INT8]: [1, (view) => view.getInt8(0)],
  [DataType.DT_INT64]: [8, (view) => Number(view.getBigInt64(0, true))],
  [DataType.DT_BOOL]: [1, (view) => view.getUint8(0)],
  [DataType.DT_BFLOAT16]: [2, (view) => brainToNumber(view.getUint16(0, true))],
  [DataType.DT_UINT16]: [2, (view) => view.getUint16(0, true)],
  [DataType.DT_HALF]: [2, (view) => halfToNumber(view.getUint16(0, true))],
  [DataType.DT_UINT32]: [4, (view) => view.getUint32(0, true)],
  [DataType.DT_UINT64]: [8, (view) => Number(view.getBigUint64(0, true))],
};
/** Data types whose bits lie in `half_val`. */
const halves: { readonly [dtype: number]: (bits: number) => number } = {
  [DataType.DT_BFLOAT16]: brainToNumber,
  [DataType.DT_HALF]: halfToNumber,
};

/** Readers of the fields that hold elements one by one, and the wire type of one. */
const fields: {
  readonly [field: number]: readonly [wire: WireType, read: (reader: BinaryReader) => number];
} = {
  5: [WireType.Bit32, (reader) => reader.float()],
  6: [WireType.Bit64, (reader) => reader.double()],
  7: [WireType.Varint, (reader) => reader.int32()],
  10: [WireType.Varint, (reader) => Number(reader.int64())],
  11: [WireType.Varint, (reader) => Number(reader.bool())],
  13: [WireType.Varint, (reader) => reader.int32()],
  16: [WireType.Varint, (reader) => reader.uint32()],
  17: [WireType.Varint, (reader) => Number(reader.uint64())],
};

/** The number in a tensor of one, or nothing for any other tensor. */
function decodeTensor(reader: BinaryReader): number | undefined {
  let dtype = 0;
  let content: Uint8Array | undefined;
  const values: number[] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const element = fields[field];
    if (field === 1 && wire === WireType.Varint) dtype = reader.int32();
    else if (field === 4 && wire === WireType.LengthDelimited) content = reader.bytes();
    else if (element && wire === element[0]) {
      const value = element[1](reader);
      if (values.length < 2) values.push(value);
    } else if (element && wire === WireType.LengthDelimited) {
      const packed = new BinaryReader(reader.bytes());
      // One is enough to know that there are too many.
      while (packed.pos < packed.len && values.length < 2) values.push(element[1](packed));
    } else reader.skip(wire, field);
  }
  const [bytes, read] = elements[dtype] ?? [];
  if (bytes === undefined || read === undefined) return undefined;
  if (content && content.length > 0) {
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    return content.length === bytes ? read(view) : undefined;
  }
  const [value] = values;
  if (values.length !== 1 || value === undefined) return undefined;
  return halves[dtype]?.(value) ?? value;
}
