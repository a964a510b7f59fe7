/**
 * The protobuf messages of a TensorBoard event file that matter here, by hand from
 * `tensorflow/core/util/event.proto`, `framework/summary.proto` and `framework/tensor.proto`:
 *
 *     Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5;
 *               SessionLog session_log = 7 }
 *     SessionLog { SessionStatus status = 1 }
 *     Summary { repeated Value value = 1 }
 *     Value   { string tag = 1; float simple_value = 2; Image image = 4; HistogramProto histo = 5;
 *               TensorProto tensor = 8 }
 *     Image   { int32 height = 1; int32 width = 2; int32 colorspace = 3;
 *               bytes encoded_image_string = 4 }
 *     HistogramProto { double min = 1; double max = 2; double num = 3; double sum = 4;
 *                      double sum_squares = 5; repeated double bucket_limit = 6;
 *                      repeated double bucket = 7 }
 *     TensorProto { DataType dtype = 1; bytes tensor_content = 4; repeated float float_val = 5;
 *                   repeated double double_val = 6; repeated int32 int_val = 7;
 *                   repeated int64 int64_val = 10; repeated bool bool_val = 11;
 *                   repeated int32 half_val = 13; repeated uint32 uint32_val = 16;
 *                   repeated uint64 uint64_val = 17 }
 *
 * Fields that are not listed are skipped; images and histograms are written and never read.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { brainToNumber, halfToNumber } from './half-precision';
import type { Histogram } from './histogram';

/** Scalars of one step. */
export interface ScalarEvent {
  readonly step: number;
  readonly scalars: readonly (readonly [tag: string, value: number])[];
  /** A training begins anew at this step: what was recorded of it and later steps is void. */
  readonly isRestart?: true;
}

/** The data of a file's first record. */
export function encodeFileVersion(wallTime: number): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.Bit64)
    .double(wallTime)
    .tag(3, WireType.LengthDelimited)
    .string('brain.Event:2')
    .finish();
}

/** The beginning of an event, up to the values of its summary. */
function summaryOf(step: number, wallTime: number): BinaryWriter {
  return new BinaryWriter()
    .tag(1, WireType.Bit64)
    .double(wallTime)
    .tag(2, WireType.Varint)
    .int64(step)
    .tag(5, WireType.LengthDelimited)
    .fork();
}

/** @param wallTime seconds since the epoch */
export function encodeScalars(
  step: number,
  wallTime: number,
  values: Readonly<Record<string, number>>,
): Uint8Array {
  const writer = summaryOf(step, wallTime);
  for (const [tag, value] of Object.entries(values)) {
    writer
      .tag(1, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.LengthDelimited)
      .string(tag)
      .tag(2, WireType.Bit32)
      // The package refuses what a float cannot hold; rounding makes that an infinity.
      .float(Math.fround(value))
      .join();
  }
  return writer.join().finish();
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
  const writer = summaryOf(step, wallTime);
  const value = (tag: string, field: number) =>
    writer
      .tag(1, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.LengthDelimited)
      .string(tag)
      .tag(field, WireType.LengthDelimited)
      .fork();
  for (const [tag, { width, height, png }] of Object.entries(images)) {
    value(tag, 4).tag(1, WireType.Varint).int32(height).tag(2, WireType.Varint).int32(width);
    writer.tag(3, WireType.Varint).int32(rgb).tag(4, WireType.LengthDelimited).bytes(png);
    writer.join().join();
  }
  for (const [tag, histogram] of Object.entries(histograms)) {
    const { min, max, count, sum, sumOfSquares, cells } = histogram;
    value(tag, 5);
    for (const [index, number] of [min, max, count, sum, sumOfSquares].entries()) {
      writer.tag(index + 1, WireType.Bit64).double(number);
    }
    // A cell ends where the next one begins; the last one has the largest number.
    const width = (max - min) / cells.length;
    const limits = cells.map((_, cell) =>
      cell === cells.length - 1 ? max : min + (cell + 1) * width,
    );
    for (const [field, numbers] of [
      [6, limits],
      [7, cells],
    ] as const) {
      writer.tag(field, WireType.LengthDelimited).fork();
      for (const number of numbers) writer.double(number);
      writer.join();
    }
    writer.join().join();
  }
  return writer.join().finish();
}

/**
 * The scalars in an event; none if it holds something else.
 *
 * @throws Error when the bytes are no protobuf message
 */
export function decodeScalars(data: Uint8Array): ScalarEvent {
  const reader = new BinaryReader(data);
  let step = 0;
  let isRestart = false;
  const scalars: [string, number][] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 2 && wire === WireType.Varint) {
      step = Number(reader.int64());
    } else if (field === 5 && wire === WireType.LengthDelimited) {
      decodeSummary(new BinaryReader(reader.bytes()), scalars);
    } else if (field === 7 && wire === WireType.LengthDelimited) {
      isRestart = isSessionStart(new BinaryReader(reader.bytes()));
    } else {
      reader.skip(wire, field);
    }
  }
  return isRestart ? { step, scalars, isRestart } : { step, scalars };
}

/** SessionStatus of `event.proto`. */
const sessionStart = 1;

function isSessionStart(reader: BinaryReader): boolean {
  let status = 0;
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.Varint) status = reader.int32();
    else reader.skip(wire, field);
  }
  return status === sessionStart;
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

/** Readers of one element, by DataType of `types.proto`: where it lies in `tensor_content`. */
const elements: {
  readonly [dtype: number]: readonly [bytes: number, read: (view: DataView) => number];
} = {
  1: [4, (view) => view.getFloat32(0, true)],
  2: [8, (view) => view.getFloat64(0, true)],
  3: [4, (view) => view.getInt32(0, true)],
  4: [1, (view) => view.getUint8(0)],
  5: [2, (view) => view.getInt16(0, true)],
  6: [1, (view) => view.getInt8(0)],
  9: [8, (view) => Number(view.getBigInt64(0, true))],
  10: [1, (view) => view.getUint8(0)],
  14: [2, (view) => brainToNumber(view.getUint16(0, true))],
  17: [2, (view) => view.getUint16(0, true)],
  19: [2, (view) => halfToNumber(view.getUint16(0, true))],
  22: [4, (view) => view.getUint32(0, true)],
  23: [8, (view) => Number(view.getBigUint64(0, true))],
};
/** DataTypes whose bits lie in `half_val`. */
const halves: { readonly [dtype: number]: (bits: number) => number } = {
  14: brainToNumber,
  19: halfToNumber,
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
