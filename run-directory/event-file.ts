/** The TensorBoard event file of a run: appended while it trains, read in bounded chunks. */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { type Problem, problemOf } from '../protocol/problem';
import type { SeriesChunks } from '../protocol/run';
import { EventIndex, readEventIndex } from './event-index';
import {
  decodeScalars,
  encodeFileVersion,
  encodeScalars,
  encodeSnapshot,
  type ScalarEvent,
  type Snapshot,
} from './event-message';
import { eventFilePrefix, eventFiles, newEventFile } from './event-names';
import { records } from './event-records';
import { openRegularFile, syncFolder } from './files';
import { frameRecord } from './record-framing';
import { storageProblem } from './storage-problem';

/** The index is written anew when so many bytes have come since. */
const indexEveryBytes = 4 * 2 ** 20;
/** Points of all curves together in one chunk of {@link readScalars}. */
const chunkPoints = 65_536;

/** A record that is not on disk yet. */
interface Pending {
  readonly record: Uint8Array;
  readonly event?: ScalarEvent;
}

/**
 * Appends to a run's event file, the newest where there are several, and keeps its index. Opened with
 * {@link EventWriter.open}. All lengths count the bytes of all event files, one after the other.
 */
export class EventWriter {
  readonly #directory: string;
  readonly #file: string;
  readonly #handle: FileHandle;
  /** Bytes of the event files before this one. */
  readonly #base: number;
  /** Records that are not yet on disk, in order. */
  #pending: Pending[] = [];
  /** Length of the file up to its last whole record. */
  #written: number;
  /** The newest step that the file had when it was opened; -1 where it had none. */
  readonly lastStep: number;
  /** Length that the file will have when all pending records are on disk. */
  #appended: number;
  readonly #index: EventIndex;
  /** Where the file ended when its index was last written, or that was tried. */
  #indexed: number;
  #queue: Promise<void> = Promise.resolve();

  private constructor(directory: string, name: string, handle: FileHandle, found: Found) {
    this.#directory = directory;
    this.#file = path.join(directory, name);
    this.#handle = handle;
    this.#base = found.base;
    this.#written = found.length;
    this.#appended = found.length;
    this.#index = found.index;
    this.#indexed = found.indexed;
    this.lastStep = found.index.lastStep;
  }

  /**
   * Opens the event file of a run, or starts it. What a crash left of a last record is cut off.
   *
   * @throws ProblemError of kind `storage`
   */
  static async open(directory: string, now: Date = new Date()): Promise<EventWriter> {
    const names = await eventFiles(directory);
    const name = names.at(-1) ?? newEventFile(now);
    const handle = await openRegularFile(directory, name, constants.O_RDWR | constants.O_CREAT);
    try {
      const { size } = await handle.stat();
      const length = await wholeLength(handle, size);
      if (length < size) await handle.truncate(length);
      const found = { length, ...(await findCurves(directory, names.slice(0, -1), length)) };
      const writer = new EventWriter(directory, name, handle, found);
      if (length === 0) {
        writer.#push({ record: frameRecord(encodeFileVersion(now.getTime() / 1000)) });
        await writer.flush();
        await syncFolder(directory);
      }
      return writer;
    } catch (thrown) {
      await handle.close();
      throw storageProblem(thrown, path.join(directory, name), 'open');
    }
  }

  /**
   * Adds one step's values; they reach the file with the next {@link flush}.
   *
   * @param wallTime seconds since the epoch
   */
  append(step: number, wallTime: number, values: Readonly<Record<string, number>>): void {
    const scalars = Object.entries(values).map(
      ([tag, value]) => [tag, Math.fround(value)] as const,
    );
    this.#push({
      record: frameRecord(encodeScalars(step, wallTime, values)),
      event: { step, wallTime, scalars },
    });
  }

  /**
   * Adds what is to be seen of one step beside its values.
   *
   * @param wallTime seconds since the epoch
   */
  appendSnapshot(step: number, wallTime: number, snapshot: Snapshot): void {
    this.#push({ record: frameRecord(encodeSnapshot(step, wallTime, snapshot)) });
  }

  /**
   * Writes all that was appended before this call.
   *
   * @returns the files' length up to and with the last record appended before this call
   * @throws ProblemError of kind `storage`; nothing is lost, and the next flush tries again
   */
  async flush(): Promise<number> {
    const wanted = this.#appended;
    const write = () => this.#writeUpTo(wanted);
    // A failure belongs to the caller whose flush it was; those after it try again.
    this.#queue = this.#queue.then(write, write);
    await this.#queue;
    return this.#base + wanted;
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

  /** The files' length in whole records, and the events that are not in it yet. */
  unwritten(): { bytes: number; events: ScalarEvent[] } {
    const events = this.#pending.flatMap(({ event }) => event ?? []);
    return { bytes: this.#base + this.#written, events };
  }

  /** Writes what is pending and the index, and closes the file, also when writing fails. */
  async close(): Promise<void> {
    try {
      await this.sync();
      if (this.#written > this.#indexed) await this.#keepIndex();
    } finally {
      await this.#handle.close();
    }
  }

  #push(pending: Pending): void {
    this.#pending.push(pending);
    this.#appended += pending.record.length;
  }

  async #writeUpTo(wanted: number): Promise<void> {
    if (this.#written >= wanted) return;
    // A copy: others are appended while this is being written.
    const pending = [...this.#pending];
    const bytes = Buffer.concat(pending.map(({ record }) => record));
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
    this.#pending = this.#pending.slice(pending.length);
    for (const { event } of pending) addTo(this.#index, event);
    if (this.#written - this.#indexed >= indexEveryBytes) await this.#keepIndex();
  }

  async #keepIndex(): Promise<void> {
    this.#indexed = this.#written;
    this.#index.bytes = this.#base + this.#written;
    // Whoever misses it makes it; a full disk shows at the event file itself.
    await this.#index.save(this.#directory).catch(() => undefined);
  }
}

function addTo(index: EventIndex, event: ScalarEvent | undefined): void {
  for (const [tag, value] of event?.scalars ?? []) index.add(tag, event!.step, value);
}

/** Equally long: steps, and seconds since the epoch. */
interface RecordedTimes {
  readonly steps: Float64Array;
  readonly seconds: Float64Array;
}

/** Points of a run's curves, in the order of the file. */
export interface ScalarChunk {
  readonly series: SeriesChunks;
  /**
   * Curves whose steps went back, because a training was restarted: what earlier chunks gave of them
   * from that step on is replaced by what comes from this chunk on.
   */
  readonly restarts?: Readonly<Record<string, number>>;
  /** When each step of the chunk was recorded, in the order of the file: also steps that were replaced. */
  readonly times: RecordedTimes;
  /** Where in the files the next chunk begins; a value for `from`. */
  readonly bytes: number;
  /** In the last chunk, if a file could not be read to its end: why. */
  readonly problem?: Problem;
}

/**
 * Reads the scalars of a run's event files, in chunks of at most about 64 thousand points.
 *
 * Several files, as a restarted training of another program leaves them, are read one after the other,
 * and places in them are counted as if they were one. A torn or corrupt record ends the reading of its
 * file: the last chunk then says so in `problem`, and its `bytes` is where the readable part of the
 * last file ends. Records of other kinds are passed over.
 *
 * @param range.from a record's boundary: 0 or the `bytes` of an earlier chunk
 * @param range.to a record's boundary to stop at: the end of the files where absent
 * @throws ProblemError of kind `storage` when there is no event file or its only one cannot be opened
 */
export async function* readScalars(
  directory: string,
  range: { readonly from?: number; readonly to?: number } = {},
): AsyncGenerator<ScalarChunk, void, undefined> {
  const names = await eventFiles(directory);
  if (names.length === 0) {
    throw storageProblem(
      new Error('it does not exist'),
      path.join(directory, `${eventFilePrefix}*`),
      'read the curves in',
    );
  }
  const from = range.from ?? 0;
  const to = range.to ?? Number.POSITIVE_INFINITY;
  const points = new PointCollector();
  let problem: Problem | undefined;
  let bytes = from;
  /** Bytes of the files before the one that is being read. */
  let start = 0;
  for (const name of names) {
    if (to <= start) break;
    const file = path.join(directory, name);
    let handle: FileHandle;
    try {
      handle = await openRegularFile(directory, name, constants.O_RDONLY);
    } catch (thrown) {
      if (names.length === 1) throw thrown;
      problem ??= problemOf(thrown, 'storage');
      continue;
    }
    try {
      const { size } = await handle.stat();
      const end = start + size;
      // The end of an earlier file, also of its torn tail, is where this one begins.
      bytes = Math.max(from, start);
      for await (const record of records(handle, bytes - start, Math.min(to, end) - start)) {
        if (record.fault !== undefined) {
          problem ??= fault(file, record.offset, record.fault);
          break;
        }
        try {
          points.add(decodeScalars(record.data));
        } catch (thrown) {
          problem ??= fault(file, record.offset, `it holds no event (${String(thrown)})`);
          break;
        }
        bytes = start + record.end;
        if (points.count >= chunkPoints) yield { ...points.take(), bytes };
      }
      start = end;
    } catch (thrown) {
      throw storageProblem(thrown, file, 'read');
    } finally {
      await handle.close();
    }
  }
  if (problem === undefined && range.to !== undefined && range.to > start) {
    const last = path.join(directory, names.at(-1) ?? '');
    problem = fault(last, start, `${range.to - start} bytes are missing`);
  }
  const last = points.take();
  if (Object.keys(last.series).length > 0 || last.restarts || problem) {
    yield { ...last, bytes, ...(problem ? { problem } : {}) };
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

/** What an event file and those before it hold. */
interface Found {
  /** Its length up to the end of its last whole record. */
  readonly length: number;
  /** Bytes of the files before it. */
  readonly base: number;
  /** All curves up to there. */
  readonly index: EventIndex;
  /** Where it ended when its index was last written; 0 where there is none. */
  readonly indexed: number;
}

async function wholeLength(handle: FileHandle, size: number): Promise<number> {
  let length = 0;
  for await (const record of records(handle, 0, size)) {
    if (record.fault === undefined) length = record.end;
  }
  return length;
}

/** The curves of the newest event file, of so many bytes, and of those before it. */
async function findCurves(directory: string, earlier: readonly string[], length: number) {
  let base = 0;
  for (const name of earlier) {
    const handle = await openRegularFile(directory, name, constants.O_RDONLY);
    base += (await handle.stat()).size;
    await handle.close();
  }
  const kept = await readEventIndex(directory);
  const index = kept && kept.bytes >= base && kept.bytes <= base + length ? kept : new EventIndex();
  const indexed = Math.max(0, index.bytes - base);
  for await (const chunk of readScalars(directory, { from: index.bytes, to: base + length })) {
    index.take(chunk);
  }
  return { base, index, indexed };
}

/** Collects points by curve and hands them over in exactly sized arrays. */
class PointCollector {
  readonly #last = new Map<string, number>();
  #series = new Map<string, { steps: number[]; values: number[] }>();
  #restarts = new Map<string, number>();
  #times: { readonly steps: number[]; readonly seconds: number[] } = { steps: [], seconds: [] };
  count = 0;

  add({ step, wallTime, scalars, isRestart }: ScalarEvent): void {
    if (scalars.length > 0) {
      this.#times.steps.push(step);
      this.#times.seconds.push(wallTime);
    }
    if (isRestart) for (const tag of this.#last.keys()) this.#cut(tag, step);
    for (const [tag, value] of scalars) {
      // Steps that go back are a training that went back: what it does now replaces what it did.
      this.#cut(tag, step);
      this.#last.set(tag, step);
      let series = this.#series.get(tag);
      if (!series) {
        series = { steps: [], values: [] };
        this.#series.set(tag, series);
      }
      series.steps.push(step);
      series.values.push(value);
      this.count += 1;
    }
  }

  take(): Pick<ScalarChunk, 'series' | 'restarts' | 'times'> {
    const series = Object.fromEntries(
      [...this.#series].map(([tag, { steps, values }]) => [
        tag,
        { steps: Float64Array.from(steps), values: Float32Array.from(values) },
      ]),
    );
    const restarts = Object.fromEntries(this.#restarts);
    const times = {
      steps: Float64Array.from(this.#times.steps),
      seconds: Float64Array.from(this.#times.seconds),
    };
    const hasRestarts = this.#restarts.size > 0;
    this.#series = new Map();
    this.#restarts = new Map();
    this.#times = { steps: [], seconds: [] };
    this.count = 0;
    return hasRestarts ? { series, times, restarts } : { series, times };
  }

  /** Forgets the points of a curve from `step` on, also those that were handed over. */
  #cut(tag: string, step: number): void {
    const last = this.#last.get(tag);
    if (last === undefined || last < step) return;
    const series = this.#series.get(tag);
    while (series && series.steps.length > 0 && series.steps.at(-1)! >= step) {
      series.steps.pop();
      series.values.pop();
      this.count -= 1;
    }
    const left = series?.steps.at(-1);
    // What is left here came after all that was handed over, and after the last restart.
    if (left === undefined) {
      this.#restarts.set(tag, Math.min(step, this.#restarts.get(tag) ?? step));
    }
    this.#last.set(tag, left ?? step - 1);
  }
}
