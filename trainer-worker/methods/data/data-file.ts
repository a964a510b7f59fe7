import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ProblemError } from '../../../protocol/problem';
import type { KeptFile } from '../../../protocol/run';
import { excerpt } from '../options/excerpt';
import type { DataContext } from './dataset';

/** A data file that an experiment names; it is read piece by piece, however large it is. */
export interface DataFile {
  /** Absolute path, for messages. */
  readonly path: string;
  /** Its bytes on disk. */
  readonly size: number;
  /** What is in it, unpacked where it is gzipped, in order. */
  contents(): AsyncIterable<Uint8Array>;
  /** The file and the hash of all its bytes; after {@link contents} was read to its end. */
  kept(): Promise<KeptFile>;
}

/**
 * Finds a data file.
 *
 * @param given relative to the experiment file
 * @throws ProblemError of kind `data` when there is none, or none that can be read
 */
export async function openDataFile(
  given: string,
  { directory }: Pick<DataContext, 'directory'>,
): Promise<DataFile> {
  const file = path.resolve(directory, given);
  const stats = await stat(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  if (stats.isDirectory()) throw await isFolder(file);
  if (!stats.isFile()) {
    throw dataProblem(
      file,
      `${file} is no file but a pipe or a device.`,
      'Write the data to a file first.',
    );
  }
  let sha256: string | undefined;
  const bytes = () => createReadStream(file, { highWaterMark: 2 ** 20 });
  async function* read() {
    const hash = createHash('sha256');
    try {
      for await (const chunk of bytes() as AsyncIterable<Uint8Array>) {
        hash.update(chunk);
        yield chunk;
      }
      sha256 = hash.digest('hex');
    } catch (error) {
      throw unreadable(file, error);
    }
  }
  return {
    path: file,
    size: stats.size,
    async *contents() {
      const { head, all } = await peeked(read(), 2);
      yield* head[0] === 0x1f && head[1] === 0x8b ? gunzipped(all, file) : all;
    },
    async kept() {
      // Of an archive only parts were read.
      if (sha256 === undefined) for await (const _ of read());
      return { file: given, sha256: sha256! };
    },
  };
}

/** What a gzipped stream holds. */
async function* gunzipped(packed: AsyncIterable<Uint8Array>, file: string) {
  const source = Readable.from(packed, { objectMode: false });
  const gunzip = createGunzip({ chunkSize: 2 ** 18 });
  source.once('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw dataProblem(
      file,
      `${file} is packed by gzip, but is broken: ${messageOf(error)}.`,
      'Get it again, or write it anew.',
      1,
      error,
    );
  } finally {
    source.destroy();
  }
}

/**
 * The beginning of a stream, and all of it.
 *
 * @param wanted bytes that the beginning is to have at least, where there are as many
 */
export async function peeked(
  chunks: AsyncIterable<Uint8Array>,
  wanted: number,
): Promise<{ readonly head: Uint8Array; readonly all: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < wanted) {
    const { value, done } = await iterator.next();
    if (done) break;
    first.push(value);
    length += value.length;
  }
  const head = first.length === 1 ? first[0]! : Buffer.concat(first);
  async function* all() {
    try {
      if (head.length > 0) yield head;
      for (;;) {
        const { value, done } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}

/** A problem with a data file. */
export function dataProblem(
  file: string,
  message: string,
  remedy: string,
  line = 1,
  cause?: unknown,
): ProblemError {
  return new ProblemError(
    { kind: 'data', message, remedy, location: { file, line, column: 1 } },
    { cause },
  );
}

/**
 * A problem with a data file that is no text: it is told where the experiment names the file, which no
 * editor could show.
 */
export function binaryProblem(message: string, remedy: string, cause?: unknown): ProblemError {
  return new ProblemError({ kind: 'data', message, remedy }, { cause });
}

/** The problem for a data file that cannot be read. */
function unreadable(file: string, cause: unknown): ProblemError {
  if (cause instanceof ProblemError) return cause;
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return new ProblemError(
    {
      kind: 'data',
      message: missing
        ? `The data file ${file} does not exist.`
        : `The data file ${file} cannot be read: ${messageOf(cause)}.`,
      remedy: missing
        ? 'Correct the path; it is relative to the experiment file.'
        : 'Check that it is a file that you may read.',
    },
    { cause },
  );
}

async function isFolder(file: string): Promise<ProblemError> {
  const inside = await readdir(file).catch(() => []);
  const data = inside
    .filter((name) =>
      /\.(?:[ct]sv|txt|np[yz]|safetensors|parquet)(?:\.gz)?$|-ubyte(?:\.gz)?$/i.test(name),
    )
    .sort();
  return new ProblemError({
    kind: 'data',
    message: `${file} is a folder, no data file.`,
    remedy:
      data.length === 0
        ? 'Name a file in it.'
        : `Name a file in it: ${data
            .slice(0, 8)
            .map((name) => excerpt(name))
            .join(', ')}.`,
  });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/\.$/, '') : String(thrown);
}
