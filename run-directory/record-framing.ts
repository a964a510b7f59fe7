/**
 * TensorBoard's record framing (TensorFlow, `record_writer.cc`):
 *
 *     u64 length · u32 masked CRC-32C of those 8 bytes · data · u32 masked CRC-32C of the data
 *
 * little-endian throughout.
 */
import crc32c from 'crc-32/crc32c.js';

/** Bytes before the data of a record. */
export const recordHeadBytes = 12;
/** Bytes after the data of a record. */
export const recordTailBytes = 4;

const mask = 0xa282ead8;

/** A CRC-32C, rotated and shifted so that a CRC of data that contain CRCs stays sound. */
export function maskedCrc(data: Uint8Array): number {
  const crc = crc32c.buf(data) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + mask) >>> 0;
}

/** One framed record. */
export function frameRecord(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(recordHeadBytes + data.length + recordTailBytes);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, recordHeadBytes);
  view.setUint32(recordHeadBytes + data.length, maskedCrc(data), true);
  return record;
}
