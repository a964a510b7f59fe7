/** A run as one file: a ZIP archive of its directory, or its metrics as CSV. */
import { randomBytes } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { metricsAsCsv } from './export-csv';
import { samplesAsCsv } from './export-samples';
import { openRegularFile } from './files';
import { storageProblem } from './storage-problem';

/** How an export is told and cancelled. */
export interface ExportMeans {
  /** Rejects the export with its reason; nothing is left of it. */
  readonly signal?: AbortSignal;
  /** Hears of bytes that were read of the run, and how many there are. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** Numbers that were learned do not compress. */
const storedAsIs = /\.(safetensors|npy)$/;

/**
 * Writes all regular files of a run directory into a ZIP archive, in a folder of the directory's name.
 * Links, pipes and what is being written are left out; a file that grows meanwhile is kept at the
 * length it had.
 *
 * @param target is replaced if it is there, once all is written
 * @returns how many files are in it
 * @throws ProblemError of kind `storage`; then nothing is left of the archive
 */
export async function exportRun(
  directory: string,
  target: string,
  { signal, onProgress }: ExportMeans = {},
): Promise<number> {
  const files = await filesIn(directory);
  const all = files.reduce((sum, { size }) => sum + size, 0);
  const zip = new ZipFile();
  const failure = new AbortController();
  let done = 0;
  for (const { relative, size } of files) {
    const options = { compress: !storedAsIs.test(relative), size, mode: 0o100644 };
    zip.addReadStreamLazy(`${path.basename(directory)}/${relative}`, options, (give) => {
      openBounded(directory, relative, size).then(
        (stream) => {
          stream.on('data', (chunk: Uint8Array) => {
            done += chunk.length;
            onProgress?.(done, all);
          });
          stream.on('error', (error: Error) =>
            failure.abort(storageProblem(error, relative, 'read')),
          );
          give(null, stream);
        },
        (error: unknown) => failure.abort(error),
      );
    });
  }
  zip.on('error', (error: Error) => failure.abort(storageProblem(error, directory, 'export')));
  zip.end();
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  await writeWhole(target, zip.outputStream, stop);
  return files.length;
}

/**
 * Writes all metrics of a run as CSV, see {@link metricsAsCsv}.
 *
 * @param target is replaced if it is there, once all is written
 * @throws ProblemError of kind `storage`; then nothing is left of the file
 */
export async function exportMetrics(
  directory: string,
  target: string,
  { signal }: ExportMeans = {},
): Promise<void> {
  await writeWhole(target, Readable.from(metricsAsCsv(directory)), signal);
}

/**
 * Writes the samples of a run's newest preview as CSV, see {@link samplesAsCsv}.
 *
 * @param target is replaced if it is there, once all is written
 * @throws ProblemError of kind `storage`; then nothing is left of the file
 */
export async function exportSamples(directory: string, target: string): Promise<void> {
  await writeWhole(target, Readable.from(samplesAsCsv(directory)), undefined);
}

/** The first `size` bytes of a file; the stream closes it. */
async function openBounded(directory: string, relative: string, size: number): Promise<Readable> {
  if (size === 0) return Readable.from([]);
  const handle = await openRegularFile(directory, relative, constants.O_RDONLY);
  return handle.createReadStream({ start: 0, end: size - 1 });
}

/** The regular files below a directory, with `/`; those under a temporary name are not whole yet. */
async function filesIn(directory: string): Promise<{ relative: string; size: number }[]> {
  const found: { relative: string; size: number }[] = [];
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(path.join(directory, folder), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) await visit(relative);
      else if (entry.isFile() && !entry.name.endsWith('.tmp')) {
        const handle = await openRegularFile(directory, relative, constants.O_RDONLY);
        try {
          found.push({ relative, size: (await handle.stat()).size });
        } finally {
          await handle.close();
        }
      }
    }
  };
  try {
    await visit('');
    return found;
  } catch (thrown) {
    throw storageProblem(thrown, directory, 'read');
  }
}

/** Writes a stream under a temporary name, flushes it and renames it; makes the folder that is to hold it. */
async function writeWhole(
  target: string,
  source: NodeJS.ReadableStream,
  signal?: AbortSignal,
): Promise<void> {
  const temporary = path.join(
    path.dirname(target),
    `.${path.basename(target)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    await mkdir(path.dirname(target), { recursive: true });
  } catch (thrown) {
    throw storageProblem(thrown, target, 'write');
  }
  try {
    const file = createWriteStream(temporary, { flags: 'wx', flush: true });
    await pipeline(source, file, signal ? { signal } : {});
    await rename(temporary, target);
  } catch (thrown) {
    await rm(temporary, { force: true });
    if (signal?.aborted) throw signal.reason;
    throw storageProblem(thrown, target, 'write');
  }
}
