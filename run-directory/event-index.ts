/**
 * `events.index.json`: what an event file looks like from afar, so that a long run is drawn before it
 * is read. It holds nothing that the event file does not, and can be made again from it at any time;
 * where it does not fit the event file, it counts for nothing.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import type { SeriesChunks } from '../protocol/run';
import { CurveOverview } from './curve-overview';
import { eventFiles } from './event-names';
import { openRegularFile, readRegularFile, replaceFile } from './files';

const fileName = 'events.index.json';
const largestIndex = 64 * 2 ** 20;
/** Shorter event files are read about as quickly as an index of them. */
const shortestIndexed = 2 ** 20;

const count = z.number().int().nonnegative();
const point = z.tuple([z.number(), z.number().nullable()]);
const overview = z.strictObject({
  perBlock: count,
  inLast: count,
  first: point,
  last: point,
  lowSteps: z.array(z.number()),
  lows: z.array(z.number().nullable()),
  highSteps: z.array(z.number()),
  highs: z.array(z.number().nullable()),
});
const indexSchema = z.strictObject({
  formatVersion: z.literal(1),
  files: z.array(z.strictObject({ name: z.string(), bytes: count, sample: z.string() })),
  curves: z.record(z.string(), overview),
});

/** What is read of the event files at once. */
interface IndexedChunk {
  readonly series: SeriesChunks;
  /** Curves that begin anew, and the step from which their earlier points are void. */
  readonly restarts?: Readonly<Record<string, number>>;
  /** Where the chunk ends. */
  readonly bytes: number;
}

/** The curves of the first so many bytes of a run's event files. */
export class EventIndex {
  /** How far it reaches: bytes of all event files, one after the other; a record's boundary. */
  bytes: number;
  readonly #curves: Map<string, CurveOverview>;

  constructor(bytes = 0, curves: ReadonlyMap<string, CurveOverview> = new Map()) {
    this.bytes = bytes;
    this.#curves = new Map(curves);
  }

  /** The newest step of all curves; -1 where there is none. */
  get lastStep(): number {
    return Math.max(-1, ...[...this.#curves.values()].map(({ lastStep }) => lastStep));
  }

  /** How many points of a curve it stands for. */
  countOf(tag: string): number {
    return this.#curves.get(tag)?.count ?? 0;
  }

  /** Takes in a point. */
  add(tag: string, step: number, value: number): void {
    let curve = this.#curves.get(tag);
    if (!curve) {
      curve = new CurveOverview();
      this.#curves.set(tag, curve);
    }
    curve.add(step, value);
  }

  /** Takes in the next chunk of the event files. */
  take({ series, restarts = {}, bytes }: IndexedChunk): void {
    for (const [tag, step] of Object.entries(restarts)) this.#curves.get(tag)?.cut(step);
    for (const [tag, { steps, values }] of Object.entries(series)) {
      for (let at = 0; at < steps.length; at++) this.add(tag, steps[at]!, values[at]!);
    }
    this.bytes = bytes;
  }

  /** Points of each curve with all its extremes, at most some four thousand a curve. */
  series(): SeriesChunks {
    return Object.fromEntries([...this.#curves].map(([tag, curve]) => [tag, curve.points()]));
  }

  /**
   * Keeps it beside the event files that it was made from; small ones need none.
   *
   * @throws ProblemError of kind `storage`
   */
  async save(directory: string): Promise<void> {
    if (this.bytes < shortestIndexed) return;
    const names = await eventFiles(directory);
    const files: { name: string; bytes: number; sample: string }[] = [];
    let start = 0;
    for (const name of names) {
      const file = await opened(directory, name, async (handle) => {
        const { size } = await handle.stat();
        const bytes = Math.min(size, this.bytes - start);
        return { name, bytes, sample: await sampleOf(handle, bytes) };
      });
      files.push(file);
      start += file.bytes;
    }
    const text = JSON.stringify({
      formatVersion: 1,
      files,
      curves: Object.fromEntries(this.#curves),
    });
    await replaceFile(directory, fileName, [new TextEncoder().encode(text)]);
  }
}

/**
 * The index of a run's event files, where there is one that fits them as they are now: the same
 * files, none shorter than it says, and the same bytes at some seventy places of each.
 *
 * @returns nothing where there is none or it does not fit: it is to be made anew
 */
export async function readEventIndex(directory: string): Promise<EventIndex | undefined> {
  try {
    const bytes = await readRegularFile(directory, fileName, largestIndex);
    const { files, curves } = indexSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const names = await eventFiles(directory);
    if (names.length !== files.length) return undefined;
    for (const [at, { name, bytes: wanted, sample }] of files.entries()) {
      if (names[at] !== name) return undefined;
      const fits = await opened(directory, name, async (handle) => {
        const { size } = await handle.stat();
        // Only the newest file grows.
        const isLong = at === files.length - 1 ? size >= wanted : size === wanted;
        return isLong && (await sampleOf(handle, wanted)) === sample;
      });
      if (!fits) return undefined;
    }
    return new EventIndex(
      files.reduce((sum, file) => sum + file.bytes, 0),
      new Map(Object.entries(curves).map(([tag, kept]) => [tag, CurveOverview.from(kept)])),
    );
  } catch {
    // Missing, unreadable, torn, of another version: whatever it is, the event file has it all.
    return undefined;
  }
}

async function opened<T>(
  directory: string,
  name: string,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await openRegularFile(directory, name, constants.O_RDONLY);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

const samples = 70;
const sampleBytes = 64;

/** SHA-256 of the first and last bytes before `bytes` and of some in between, hexadecimal. */
async function sampleOf(handle: FileHandle, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(sampleBytes);
  const last = Math.max(0, bytes - sampleBytes);
  for (let k = 0; k < samples; k++) {
    const at = Math.floor((last * k) / (samples - 1));
    const { bytesRead } = await handle.read(buffer, 0, Math.min(sampleBytes, bytes - at), at);
    hash.update(buffer.subarray(0, bytesRead));
  }
  return hash.digest('hex');
}
