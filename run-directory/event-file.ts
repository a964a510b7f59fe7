/** The TensorBoard event file of a run: appended while it trains, read in bounded chunks. */
import { constants } from 'node:fs';
import { type FileHandle, readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Problem } from '../protocol/problem';
import type { SeriesChunks } from '../protocol/run';
import { decodeScalars, encodeFileVersion, encodeScalars, type ScalarEvent } from './event-message';
import { openRegularFile, syncFolder } from './files';
import { frameRecord, maskedCrc, recordHeadBytes, recordTailBytes } from './record-framing';
import { errorCode, storageProblem } from './storage-problem';

const prefix = 'events.out.tfevents.';
/** A record may be an image that some other program logged; more than this is a broken length. */
const largestRecord = 64 * 2 ** 20;
const readBytes = 2 ** 20;
/** Points of all curves together in one chunk of {@link readScalars}. */
const chunkPoints = 65_536;

/** Appends to a run's event file. Opened with {@link EventWriter.open}. */
export class EventWriter {
  readonly #file: string;
  readonly #handle: FileHandle;
  /** Records that are not yet on disk, in order. */
  #pending: Uint8Array[] = [];
  /** Length of the file up to its last whole record. */
  #written: number;
  /** The newest step that the file had when it was opened; -1 where it had none. */
  readonly lastStep: number;
  /** Length that the file will have when all pending records are on disk. */
  #appended: number;
  #queue: Promise<void> = Promise.resolve();

  private constructor(file: string, handle: FileHandle, { length, lastStep }: WholeRecords) {
    this.#file = file;
    this.#handle = handle;
    this.#written = length;
    this.#appended = length;
    this.lastStep = lastStep;
  }

  /**
   * Opens the event file of a run, or starts it. What a crash left of a last record is cut off.
   *
   * @throws ProblemError of kind `storage`
   */
  static async open(directory: string, now: Date = new Date()): Promise<EventWriter> {
    const existing = (await eventFiles(directory))[0];
    const seconds = Math.floor(now.getTime() / 1000);
    const name = existing ?? `${prefix}${String(seconds).padStart(10, '0')}.${hostPart()}`;
    const file = path.join(directory, name);
    const handle = await openRegularFile(directory, name, constants.O_RDWR | constants.O_CREAT);
    try {
      const { size } = await handle.stat();
      const whole = await wholeRecords(handle, size);
      if (whole.length < size) await handle.truncate(whole.length);
      const writer = new EventWriter(file, handle, whole);
      if (whole.length === 0) {
        writer.#push(encodeFileVersion(now.getTime() / 1000));
        await writer.flush();
        await syncFolder(directory);
      }
      return writer;
    } catch (thrown) {
      await handle.close();
      throw storageProblem(thrown, file, 'open');
    }
  }

  /**
   * Adds one step's values; they reach the file with the next {@link flush}.
   *
   * @param wallTime seconds since the epoch
   */
  append(step: number, wallTime: number, values: Readonly<Record<string, number>>): void {
    this.#push(encodeScalars(step, wallTime, values));
  }

  /**
   * Writes all that was appended before this call.
   *
   * @returns the file's length up to and with the last record appended before this call
   * @throws ProblemError of kind `storage`; nothing is lost, and the next flush tries again
   */
  async flush(): Promise<number> {
    const wanted = this.#appended;
    const write = () => this.#writeUpTo(wanted);
    // A failure belongs to the caller whose flush it was; those after it try again.
    this.#queue = this.#queue.then(write, write);
    await this.#queue;
    return wanted;
  }

  /** Like {@link flush}, and waits until the disk itself has it. */
  async sync(): Promise<number> {
    const bytes = await this.flush();
    try {
      await this.#handle.datasync();
    } catch (thrown) {
      throw storageProblem(thrown, this.#file, 'write');
    }
    return bytes;
  }

  /** The file's length in whole records, and the events that are not in it yet. */
  unwritten(): { bytes: number; events: ScalarEvent[] } {
    const events = this.#pending.map((record) =>
      decodeScalars(record.subarray(recordHeadBytes, -recordTailBytes)),
    );
    return { bytes: this.#written, events };
  }

  /** Writes what is pending and closes the file, also when writing fails. */
  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.#handle.close();
    }
  }

  #push(data: Uint8Array): void {
    const record = frameRecord(data);
    this.#pending.push(record);
    this.#appended += record.length;
  }

  async #writeUpTo(wanted: number): Promise<void> {
    if (this.#written >= wanted) return;
    // A copy: others are appended while this is being written.
    const records = [...this.#pending];
    const bytes = Buffer.concat(records);
    try {
      // At a position, so that what a failed attempt left is written over.
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await this.#handle.write(
          bytes,
          done,
          bytes.length - done,
          this.#written + done,
        );
        done += bytesWritten;
      }
    } catch (thrown) {
      throw storageProblem(thrown, this.#file, 'write');
    }
    this.#written += bytes.length;
    this.#pending = this.#pending.slice(records.length);
  }
}

/** Points of a run's curves, in the order of the file. */
export interface ScalarChunk {
  readonly series: SeriesChunks;
  /** Where in the file the next chunk begins; a value for `from`. */
  readonly bytes: number;
  /** In the last chunk, if the file could not be read to its end: why. */
  readonly problem?: Problem;
}

/**
 * Reads the scalars of a run's event file, in chunks of at most about 64 thousand points.
 *
 * A torn or corrupt record ends the reading: the last chunk then says so in `problem`, and its
 * `bytes` is where the readable part ends. Records of other kinds are passed over.
 *
 * @param range.from a record's boundary: 0 or the `bytes` of an earlier chunk
 * @param range.to a record's boundary to stop at: the end of the file where absent
 * @throws ProblemError of kind `storage` when there is no event file or it cannot be opened
 */
export async function* readScalars(
  directory: string,
  range: { readonly from?: number; readonly to?: number } = {},
): AsyncGenerator<ScalarChunk, void, undefined> {
  const names = await eventFiles(directory);
  const name = names[0];
  if (name === undefined) {
    throw storageProblem(
      new Error('it does not exist'),
      path.join(directory, `${prefix}*`),
      'read the curves in',
    );
  }
  const file = path.join(directory, name);
  const handle = await openRegularFile(directory, name, constants.O_RDONLY);
  try {
    const { size } = await handle.stat();
    const from = range.from ?? 0;
    const to = Math.min(range.to ?? size, size);
    let bytes = from;
    let points = new PointCollector();
    let problem: Problem | undefined;
    for await (const record of records(handle, from, to)) {
      if (record.fault !== undefined) {
        problem = fault(file, record.offset, record.fault);
        break;
      }
      try {
        points.add(decodeScalars(record.data));
      } catch (thrown) {
        problem = fault(file, record.offset, `it holds no event (${String(thrown)})`);
        break;
      }
      bytes = record.end;
      if (points.count >= chunkPoints) {
        yield { series: points.take(), bytes };
        points = new PointCollector();
      }
    }
    if (problem === undefined && range.to !== undefined && range.to > size) {
      problem = fault(file, size, `${range.to - size} bytes are missing`);
    }
    if (problem === undefined && names.length > 1) {
      problem = {
        kind: 'storage',
        message: `${directory} has ${names.length} event files; only ${name} is shown.`,
        remedy: 'Move the others away.',
      };
    }
    if (points.count > 0 || problem) {
      yield { series: points.take(), bytes, ...(problem ? { problem } : {}) };
    }
  } catch (thrown) {
    throw storageProblem(thrown, file, 'read');
  } finally {
    await handle.close();
  }
}

function fault(file: string, offset: number, what: string): Problem {
  return {
    kind: 'storage',
    message: `${file}: the record at byte ${offset} is damaged: ${what}. What comes before it is shown.`,
    remedy:
      'A record that was being written when the trainer died is lost; nothing needs to be done.',
  };
}

/** Names of the event files in a directory, oldest first; opening refuses links and the like. */
async function eventFiles(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && entry.name.startsWith(prefix))
      .map((entry) => entry.name)
      .sort();
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return [];
    throw storageProblem(thrown, directory, 'list');
  }
}

function hostPart(): string {
  return (
    hostname()
      .replace(/[^A-Za-z0-9-]/g, '-')
      .slice(0, 63) || 'host'
  );
}

type FileRecord =
  | {
      readonly offset: number;
      readonly end: number;
      readonly data: Uint8Array;
      readonly fault?: never;
    }
  | { readonly offset: number; readonly fault: string };

/** The records between two offsets; a faulty one is the last. `data` is valid until the next one. */
async function* records(handle: FileHandle, from: number, to: number): AsyncGenerator<FileRecord> {
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

/** What of a file can be read. */
interface WholeRecords {
  /** Its length up to the end of its last whole record. */
  readonly length: number;
  readonly lastStep: number;
}

async function wholeRecords(handle: FileHandle, size: number): Promise<WholeRecords> {
  let length = 0;
  let last = 0;
  for await (const record of records(handle, 0, size)) {
    if (record.fault !== undefined) continue;
    last = record.offset;
    length = record.end;
  }
  let lastStep = -1;
  for await (const record of records(handle, last, length)) {
    // The first record names the format and has no scalars; all others of ours have some.
    const event = record.fault === undefined ? decodeScalars(record.data) : undefined;
    if (event && event.scalars.length > 0) lastStep = event.step;
  }
  return { length, lastStep };
}

/** Collects points by curve and hands them over in exactly sized arrays. */
class PointCollector {
  readonly #series = new Map<string, { steps: number[]; values: number[] }>();
  count = 0;

  add(event: { step: number; scalars: readonly (readonly [string, number])[] }): void {
    for (const [tag, value] of event.scalars) {
      let series = this.#series.get(tag);
      if (!series) {
        series = { steps: [], values: [] };
        this.#series.set(tag, series);
      }
      series.steps.push(event.step);
      series.values.push(value);
      this.count += 1;
    }
  }

  take(): SeriesChunks {
    return Object.fromEntries(
      [...this.#series].map(([tag, { steps, values }]) => [
        tag,
        { steps: Float64Array.from(steps), values: Float32Array.from(values) },
      ]),
    );
  }
}
