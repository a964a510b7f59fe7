/**
 * Files inside a run directory: written whole or not at all, and never through a symbolic link, so
 * that a directory from elsewhere cannot make us read or overwrite anything outside it.
 */
import { randomBytes } from 'node:crypto';
import {
  close as closeFile,
  constants,
  open as openFile,
  read as readFile,
  fstat as statFile,
} from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { brokenFile, errorCode, storageProblem } from './storage-problem';

// Absent on Windows, where the lstat before the open has to do.
const noFollow = constants.O_NOFOLLOW ?? 0;
// Opening a pipe that lies there must not wait for a writer.
const nonBlock = constants.O_NONBLOCK ?? 0;

/**
 * Opens a regular file inside `directory`.
 *
 * @param relative path below `directory`, with `/`
 * @param flags of `open(2)`, without `O_NOFOLLOW`
 * @throws ProblemError of kind `storage`: a link, a pipe, a folder, or what the system says
 */
export async function openRegularFile(
  directory: string,
  relative: string,
  flags: number,
): Promise<FileHandle> {
  const file = await resolveInside(directory, relative);
  let handle: FileHandle;
  try {
    handle = await open(file, flags | noFollow | nonBlock, 0o644);
  } catch (thrown) {
    throw storageProblem(thrown, file, 'open');
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw notAFile(file);
    return handle;
  } catch (thrown) {
    await handle.close();
    throw storageProblem(thrown, file, 'open');
  }
}

/**
 * The whole content of a regular file inside `directory`, in a buffer of its own.
 *
 * @throws ProblemError of kind `storage`, also when the file is larger than `limit` bytes
 */
export async function readRegularFile(
  directory: string,
  relative: string,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = path.join(directory, relative);
  // There may be thousands of such files, so what is as it should be is read with few calls.
  const soon = await readAtOnce(file, relative, limit);
  if (soon) return soon;
  const handle = await openRegularFile(directory, relative, constants.O_RDONLY);
  try {
    const { size } = await handle.stat();
    if (size > limit) {
      throw brokenFile(
        file,
        `it has ${size} bytes, but no such file of a run has more than ${limit}.`,
        'Replace it by the real file or delete it.',
      );
    }
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled === size ? bytes : bytes.slice(0, filled);
  } catch (thrown) {
    throw storageProblem(thrown, file, 'read');
  } finally {
    await handle.close();
  }
}

/**
 * What {@link readRegularFile} answers for a file that lies in the directory itself and that opening it
 * already says to be no link; nothing where it is to be looked at closely.
 */
function readAtOnce(
  file: string,
  relative: string,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const isPlain = noFollow !== 0 && relative !== '..' && relative === path.basename(relative);
  return new Promise((resolve) => {
    if (!isPlain) return resolve(undefined);
    openFile(file, constants.O_RDONLY | noFollow | nonBlock, (refused, fd) => {
      if (refused) return resolve(undefined);
      const end = (bytes?: Uint8Array<ArrayBuffer>) => closeFile(fd, () => resolve(bytes));
      statFile(fd, (failed, stats) => {
        if (failed || !stats.isFile() || stats.size > limit) return end();
        const bytes = new Uint8Array(stats.size);
        readFile(fd, bytes, 0, stats.size, 0, (wrong, filled) => {
          // What became shorter or longer meanwhile is looked at again.
          end(wrong || filled !== stats.size ? undefined : bytes);
        });
      });
    });
  });
}

/**
 * Writes a file inside `directory` under a temporary name, flushes it to the disk and renames it:
 * whoever looks sees the old content or the new, never a part. Missing folders are made.
 *
 * @param lasting `fleeting` of what is worth nothing after the machine has gone down: it is not flushed
 * @throws ProblemError of kind `storage`; what was there before is then unharmed
 */
export async function replaceFile(
  directory: string,
  relative: string,
  contents: readonly Uint8Array[],
  lasting: 'durable' | 'fleeting' = 'durable',
): Promise<void> {
  const file = path.join(directory, relative);
  const folder = path.dirname(file);
  try {
    await makeFolder(directory, path.dirname(relative));
  } catch (thrown) {
    throw storageProblem(thrown, folder, 'make the folder');
  }
  await resolveInside(directory, relative);
  const temporary = path.join(
    folder,
    `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`,
  );
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx', 0o644);
    // `writeFile` of a handle goes on after a short write, which is how a full disk begins.
    for (const part of contents) await handle.writeFile(part);
    if (lasting === 'durable') await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, file);
    if (lasting === 'durable') await syncFolder(folder);
  } catch (thrown) {
    await handle?.close();
    await unlink(temporary).catch(unlessMissing);
    throw storageProblem(thrown, file, 'write');
  }
}

/** And in it the name of the file that it is to become. */
const temporaryName = /^\.(.+)\.[0-9a-f]{12}\.tmp$/;

/**
 * Removes what a process that was killed left of files it was writing with {@link replaceFile}.
 *
 * @param folders relative to `directory`, with `/`
 * @param isDead whether who was writing a file of this name is gone; where absent, everybody but the
 *   caller is, who writes nothing there now
 */
export async function removeLeftovers(
  directory: string,
  folders: readonly string[],
  isDead: (name: string) => boolean = () => true,
): Promise<void> {
  for (const folder of folders) {
    const at = path.join(directory, folder);
    // What cannot be listed is told by whoever needs it.
    const names = await readdir(at).catch(() => []);
    for (const temporary of names) {
      const name = temporaryName.exec(temporary)?.[1];
      if (name === undefined || !isDead(name)) continue;
      // It may have become that by now.
      const leftover = await resolveInside(directory, path.join(folder, temporary));
      await unlink(leftover).catch(unlessMissing);
    }
  }
}

/**
 * Checks that what is at `relative`, and all below it, are regular files and folders: reading one of
 * them follows no link and waits for nobody.
 *
 * @throws ProblemError of kind `storage` that names what is none, or what the system says
 */
export async function requireRegularFiles(directory: string, relative: string): Promise<void> {
  const at = path.join(directory, relative);
  try {
    const stats = await lstat(at);
    if (stats.isFile()) return;
    if (!stats.isDirectory()) throw notAFile(at);
    for (const name of await readdir(at)) {
      await requireRegularFiles(directory, path.join(relative, name));
    }
  } catch (thrown) {
    throw storageProblem(thrown, at, 'look at');
  }
}

/** Makes the entries of a folder durable; Windows cannot open folders and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Joins and checks that no part of `relative` below `directory` is a link, and that what is there
 * is a regular file (or nothing yet).
 */
async function resolveInside(directory: string, relative: string): Promise<string> {
  const file = path.join(directory, relative);
  let at = directory;
  const parts = path.relative(directory, file).split(path.sep);
  if (parts.includes('..') || path.isAbsolute(relative)) {
    throw brokenFile(file, 'it lies outside its run directory.', 'Delete that run directory.');
  }
  for (const [index, part] of parts.entries()) {
    at = path.join(at, part);
    let stats: Awaited<ReturnType<typeof lstat>>;
    try {
      stats = await lstat(at);
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return file;
      throw storageProblem(thrown, at, 'look at');
    }
    if (stats.isSymbolicLink()) {
      throw brokenFile(
        at,
        'it is a symbolic link, which is never followed inside a run directory.',
        'Put the real file in its place.',
      );
    }
    const isLast = index === parts.length - 1;
    if (isLast ? !stats.isFile() : !stats.isDirectory()) throw notAFile(at);
  }
  return file;
}

async function makeFolder(directory: string, relative: string): Promise<void> {
  let at = directory;
  for (const part of path.normalize(relative).split(path.sep)) {
    if (part === '.') continue;
    at = path.join(at, part);
    try {
      await mkdir(at);
      await syncFolder(path.dirname(at));
    } catch (thrown) {
      if (errorCode(thrown) !== 'EEXIST') throw thrown;
    }
  }
}

function notAFile(file: string) {
  return brokenFile(
    file,
    'it is not what a run directory has there: a folder, link, pipe or device instead of a file, or the reverse.',
    'Move it away.',
  );
}

function unlessMissing(thrown: unknown): void {
  // The temporary file is left behind; its name says what it is, and no reader looks at it.
  if (errorCode(thrown) !== 'ENOENT') process.emitWarning(String(thrown));
}
