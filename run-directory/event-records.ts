import type { FileHandle } from 'node:fs/promises';
import { maskedCrc, recordHeadBytes, recordTailBytes } from './record-framing';

/** A record may be an image that some other program logged; more than this is a broken length. */
const largestRecord = 64 * 2 ** 20;
const readBytes = 2 ** 20;

/** A record in a file, or what is wrong at its place. */
export type FileRecord =
  | {
      readonly offset: number;
      readonly end: number;
      readonly data: Uint8Array;
      readonly fault?: never;
    }
  | { readonly offset: number; readonly fault: string };

/** The records between two offsets; a faulty one is the last. `data` is valid until the next one. */
export async function* records(
  handle: FileHandle,
  from: number,
  to: number,
): AsyncGenerator<FileRecord> {
  let buffer = new Uint8Array(0);
  /** Offset in the file of the buffer's first byte. */
  let start = from;
  let at = from;
  const load = async (bytes: number): Promise<boolean> => {
    if (at + bytes <= start + buffer.length) return true;
    if (at + bytes > to) return false;
    const length = Math.min(Math.max(bytes, readBytes), to - at);
    const next = new Uint8Array(length);
    const kept = buffer.subarray(at - start);
    next.set(kept);
    let filled = kept.length;
    while (filled < length) {
      const { bytesRead } = await handle.read(next, filled, length - filled, at + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    buffer = next.subarray(0, filled);
    start = at;
    return filled >= bytes;
  };
  const slice = (offset: number, length: number) =>
    buffer.subarray(at - start + offset, at - start + offset + length);
  while (at < to) {
    const torn = { offset: at, fault: `the file ends ${to - at} bytes after its beginning` };
    if (!(await load(recordHeadBytes))) return yield torn;
    const head = new DataView(buffer.buffer, buffer.byteOffset + at - start, recordHeadBytes);
    if (head.getUint32(8, true) !== maskedCrc(slice(0, 8))) {
      return yield { offset: at, fault: 'the checksum of its length does not match' };
    }
    const length = Number(head.getBigUint64(0, true));
    if (length > largestRecord) {
      return yield { offset: at, fault: `it claims to have ${length} bytes` };
    }
    const size = recordHeadBytes + length + recordTailBytes;
    if (!(await load(size))) return yield torn;
    const data = slice(recordHeadBytes, length);
    const tail = slice(recordHeadBytes + length, recordTailBytes);
    const crc = new DataView(tail.buffer, tail.byteOffset, recordTailBytes).getUint32(0, true);
    if (crc !== maskedCrc(data)) {
      return yield { offset: at, fault: 'the checksum of its data does not match' };
    }
    yield { offset: at, end: at + size, data };
    at += size;
  }
}
