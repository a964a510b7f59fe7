/** Archives of NumPy arrays: ZIP files with a `.npy` file for each. */
import { open as openFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Entry, open, type ZipFile } from 'yauzl';
import { excerpt } from '../options/excerpt';
import { nearest } from '../options/nearest';
import { binaryProblem } from './data-file';

const suffix = '.npy';

/** Whether a file is a ZIP archive that has, or may have, arrays in it. */
export async function isArchive(file: string): Promise<boolean> {
  const handle = await openFile(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    // An empty archive begins with the end of its directory.
    return buffer.equals(Buffer.from('PK\x03\x04')) || buffer.equals(Buffer.from('PK\x05\x06'));
  } finally {
    await handle.close();
  }
}

/**
 * The bytes of an array's `.npy` file in an archive.
 *
 * @param wanted the array's name; `null` for the only one
 * @throws ProblemError of kind `data` where there is no such, or several may be meant
 */
export async function* openEntry(file: string, wanted: string | null): AsyncGenerator<Uint8Array> {
  try {
    const archive = await openArchive(file);
    try {
      const entry = chosen(await entriesOf(archive), wanted, file);
      const stream = await promisify(archive.openReadStream.bind(archive) as OpenStream)(entry);
      yield* stream as AsyncIterable<Uint8Array>;
    } finally {
      archive.close();
    }
  } catch (error) {
    throw brokenArchive(file, error);
  }
}

/**
 * The names of the arrays of an archive, in its order.
 *
 * @throws ProblemError of kind `data` where it cannot be read
 */
export async function arrayNames(file: string): Promise<readonly string[]> {
  try {
    const archive = await openArchive(file);
    try {
      const entries = await entriesOf(archive);
      return entries.map(({ fileName }) => fileName.slice(0, -suffix.length));
    } finally {
      archive.close();
    }
  } catch (error) {
    throw brokenArchive(file, error);
  }
}

const openArchive = (file: string) =>
  promisify<string, { lazyEntries: true; autoClose: false }, ZipFile>(open)(file, {
    lazyEntries: true,
    autoClose: false,
  });

function brokenArchive(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'ProblemError') return error;
  return binaryProblem(
    `${file} is an archive that cannot be read: ${error.message.replace(/\.?$/, '.')}`,
    'Write it anew with numpy.savez, or get it again.',
    error,
  );
}

type OpenStream = (
  entry: Entry,
  callback: (error: Error | null, stream: NodeJS.ReadableStream) => void,
) => void;

/** The arrays of an archive. */
function entriesOf(archive: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  return new Promise((resolve, reject) => {
    archive.once('error', reject);
    archive.once('end', () => resolve(entries));
    archive.on('entry', (entry: Entry) => {
      if (entry.fileName.endsWith(suffix)) entries.push(entry);
      archive.readEntry();
    });
    archive.readEntry();
  });
}

function chosen(entries: readonly Entry[], wanted: string | null, file: string): Entry {
  const names = entries.map(({ fileName }) => fileName.slice(0, -suffix.length));
  const shown = names.slice(0, 20).map((name) => excerpt(name));
  const list = `${shown.join(', ')}${names.length > 20 ? ', …' : ''}`;
  if (names.length === 0) {
    throw binaryProblem(
      `${file} is an archive without arrays.`,
      'Write it with numpy.savez, or unpack it and name the file that has the data.',
    );
  }
  if (wanted === null) {
    if (entries.length === 1) return entries[0]!;
    throw binaryProblem(
      `${file} has several arrays: ${list}.`,
      `Say which one is meant, for example with the option array: '${shown[0]}'.`,
    );
  }
  const found = entries.filter((_, index) => names[index] === wanted);
  if (found.length === 1) return found[0]!;
  const guess = nearest(wanted, names);
  throw binaryProblem(
    found.length === 0
      ? `${file} has no array '${excerpt(wanted)}'.`
      : `${file} has ${found.length} arrays called '${excerpt(wanted)}'.`,
    found.length === 0
      ? `${guess === undefined ? '' : `Did you mean array: '${excerpt(guess)}'? `}Its arrays are ${list}.`
      : 'Write it anew with numpy.savez, each array under a name of its own.',
  );
}
