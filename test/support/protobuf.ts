/** Protobuf messages by hand, after the encoding that protobuf.dev/programming-guides/encoding describes. */

/** A field's value: bytes as they are, a bigint or boolean as a varint, a number of 4 or 8 bytes. */
type Value = Uint8Array | string | bigint | boolean | { float: number } | { double: number };

/** A field's number and value. */
export type Field = readonly [number: number, value: Value];

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return bytes;
}

/** A message of these fields, in this order. */
export function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      const key = (wire: number) => Buffer.from(varint(BigInt(number * 8 + wire)));
      if (typeof value === 'bigint' || typeof value === 'boolean') {
        return Buffer.concat([key(0), Buffer.from(varint(BigInt(value)))]);
      }
      if (typeof value === 'string' || value instanceof Uint8Array) {
        const bytes = Buffer.from(value as string);
        return Buffer.concat([key(2), Buffer.from(varint(BigInt(bytes.length))), bytes]);
      }
      const isDouble = 'double' in value;
      const bytes = Buffer.alloc(isDouble ? 8 : 4);
      if (isDouble) bytes.writeDoubleLE(value.double);
      else bytes.writeFloatLE(value.float);
      return Buffer.concat([key(isDouble ? 1 : 5), bytes]);
    }),
  );
}

/** The fields of a message: numbers of 8 and 4 bytes as bytes. */
export function fieldsOf(bytes: Uint8Array): [number: number, value: bigint | Buffer][] {
  const buffer = Buffer.from(bytes);
  let at = 0;
  const readVarint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number) => {
    at += length;
    if (at > buffer.length) throw new RangeError('It ends within a field.');
    return buffer.subarray(at - length, at);
  };
  const fields: [number, bigint | Buffer][] = [];
  while (at < buffer.length) {
    const key = Number(readVarint());
    const wire = key & 7;
    if (wire === 0) fields.push([key >> 3, readVarint()]);
    else if (wire === 1) fields.push([key >> 3, take(8)]);
    else if (wire === 2) fields.push([key >> 3, take(Number(readVarint()))]);
    else if (wire === 5) fields.push([key >> 3, take(4)]);
    else throw new RangeError(`Wire type ${wire}.`);
  }
  return fields;
}
