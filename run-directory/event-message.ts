/**
 * The protobuf messages of a TensorBoard event file that matter here, by hand from
 * `tensorflow/core/util/event.proto`, `framework/summary.proto` and `framework/tensor.proto`:
 *
 *     Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5;
 *               SessionLog session_log = 7 }
 *     SessionLog { SessionStatus status = 1 }
 *     Summary { repeated Value value = 1 }
 *     Value   { string tag = 1; float simple_value = 2; TensorProto tensor = 8 }
 *     TensorProto { DataType dtype = 1; bytes tensor_content = 4; repeated float float_val = 5;
 *                   repeated double double_val = 6 }
 *
 * Fields that are not listed are skipped.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

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

/** @param wallTime seconds since the epoch */
export function encodeScalars(
  step: number,
  wallTime: number,
  values: Readonly<Record<string, number>>,
): Uint8Array {
  const writer = new BinaryWriter()
    .tag(1, WireType.Bit64)
    .double(wallTime)
    .tag(2, WireType.Varint)
    .int64(step)
    .tag(5, WireType.LengthDelimited)
    .fork();
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

/** DataType of `types.proto`. */
const dtFloat = 1;
const dtDouble = 2;

/** The number in a tensor of one float or double, or nothing for any other tensor. */
function decodeTensor(reader: BinaryReader): number | undefined {
  let dtype = 0;
  let content: Uint8Array | undefined;
  const values: number[] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.Varint) dtype = reader.int32();
    else if (field === 4 && wire === WireType.LengthDelimited) content = reader.bytes();
    else if (field === 5 && wire === WireType.Bit32) values.push(reader.float());
    else if (field === 6 && wire === WireType.Bit64) values.push(reader.double());
    else if ((field === 5 || field === 6) && wire === WireType.LengthDelimited) {
      const packed = new BinaryReader(reader.bytes());
      // One is enough to know that there are too many.
      while (packed.pos < packed.len && values.length < 2) {
        values.push(field === 5 ? packed.float() : packed.double());
      }
    } else reader.skip(wire, field);
  }
  if (content) {
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    if (dtype === dtFloat && content.length === 4) return view.getFloat32(0, true);
    if (dtype === dtDouble && content.length === 8) return view.getFloat64(0, true);
    return undefined;
  }
  return values.length === 1 && (dtype === dtFloat || dtype === dtDouble) ? values[0] : undefined;
}
