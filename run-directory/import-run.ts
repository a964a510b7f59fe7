/** A run from elsewhere, a directory or a ZIP archive, becomes one of ours. None of it is trusted. */
import { randomBytes } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type Entry, open, type ZipFile } from 'yauzl';
import type { RunManifest } from '../protocol/run';
import { formatCount } from '../vocabulary/quantities';
import { isLiving } from '../vocabulary/run-status';
import { archiveOf } from './archive';
import { sizeText } from './disk-use';
import { openRegularFile } from './files';
import { keepFromGit } from './keep-from-git';
import { listRuns } from './listing';
import { readManifest, writeManifest } from './manifest';
import { newRunName, runIdOf } from './naming';
import { brokenFile, errorCode, storageProblem } from './storage-problem';

/** No run comes near these; what goes beyond is made to fill a disk. */
const mostFiles = 100_000;
const mostBytes = 64 * 2 ** 30;
/** What unpacks to more than this may have at most so many times the size of its archive. */
const suspiciousBytes = 256 * 2 ** 20;
const largestRatio = 200;
const deepest = 16;
const longestName = 200;

/** A file of the run that is to be had, and how to read it. */
interface Part {
  /** Below the run directory, with `/`. */
  readonly relative: string;
  readonly size: number;
  readonly open: () => Promise<Readable>;
}

/**
 * Copies a run from elsewhere among the runs in a folder. It keeps its directory's name and its id
 * unless a run has them already, and never counts as living. It is seen once it is whole.
 *
 * @param source a run directory or a ZIP archive of one
 * @returns its directory
 * @throws ProblemError of kind `storage` for what is no run, or holds links, names that lead
 *   elsewhere, or more than {@link mostFiles} files or {@link mostBytes}; nothing is then left of it
 */
export async function importRun(
  source: string,
  runs: string,
  signal?: AbortSignal,
): Promise<string> {
  const staging = path.join(path.resolve(runs), `.importing-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(staging, { recursive: true });
    await keepFromGit(path.resolve(runs));
    const stats = await lstat(source);
    if (stats.isDirectory()) await take(await partsOfDirectory(source), source, staging, signal);
    else if (stats.isFile()) await unpack(source, stats.size, staging, signal);
    else throw refused(source, 'it is neither a directory nor an archive.');
    return await settle(staging, path.basename(source), runs);
  } catch (thrown) {
    if (signal?.aborted) throw signal.reason;
    throw storageProblem(thrown, source, 'import');
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function partsOfDirectory(source: string): Promise<Part[]> {
  // Before anything is copied: this may be any folder.
  await readManifest(source);
  const parts: Part[] = [];
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(path.join(source, folder), { withFileTypes: true })) {
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      checkName(source, relative);
      if (entry.isDirectory()) await visit(relative);
      else if (entry.isFile()) {
        const { size } = await lstat(path.join(source, relative));
        const open = async () =>
          (await openRegularFile(source, relative, constants.O_RDONLY)).createReadStream();
        parts.push({ relative, size, open });
        if (parts.length > mostFiles) throw tooMany(source);
      } else throw refused(source, `‘${relative}’ is a link, a pipe or a device.`);
    }
  };
  await visit('');
  return parts;
}

async function unpack(
  archive: string,
  archiveBytes: number,
  staging: string,
  signal?: AbortSignal,
): Promise<void> {
  let zip: ZipFile | undefined;
  try {
    zip = await promisify(
      (file: string, done: (error: Error | null, opened: ZipFile) => void): void =>
        open(
          file,
          { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: true },
          done,
        ),
    )(archive);
    const parts = partsOfArchive(archive, zip, await entriesOf(zip, archive));
    const bytes = parts.reduce((sum, { size }) => sum + size, 0);
    if (bytes > suspiciousBytes && bytes > largestRatio * archiveBytes) {
      throw refused(
        archive,
        `it would unpack to ${sizeText(bytes)}, more than ${largestRatio} times its size.`,
      );
    }
    await take(parts, archive, staging, signal);
  } catch (thrown) {
    // The system's errors have codes, the archive's have none.
    if (thrown instanceof Error && errorCode(thrown) === undefined && !('problem' in thrown)) {
      throw refused(archive, `it is no sound ZIP archive: ${thrown.message}.`);
    }
    throw thrown;
  } finally {
    zip?.close();
  }
}

function entriesOf(zip: ZipFile, archive: string): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      if (entries.length > mostFiles) reject(tooMany(archive));
      else zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', reject);
    zip.readEntry();
  });
}

/** The files of the one run in an archive, whatever folder it is in. */
function partsOfArchive(archive: string, zip: ZipFile, all: readonly Entry[]): Part[] {
  // Macs add these of their own.
  const entries = all.filter(({ fileName }) => !fileName.startsWith('__MACOSX/'));
  const manifests = entries.filter(({ fileName }) => /^([^/]+\/)?run\.json$/.test(fileName));
  const [manifest] = manifests;
  if (manifest === undefined || manifests.length > 1) {
    throw refused(archive, `it has ${manifest ? manifests.length : 'no'} run.json at its top.`);
  }
  const root = manifest.fileName.slice(0, -'run.json'.length);
  const names = new Set<string>();
  const parts: Part[] = [];
  for (const entry of entries) {
    const { fileName } = entry;
    const kind = (entry.externalFileAttributes >>> 16) & 0o170000;
    const isFolder = fileName.endsWith('/');
    if (kind !== 0 && kind !== (isFolder ? 0o040000 : 0o100000)) {
      throw refused(archive, `‘${fileName}’ is a link, a pipe or a device.`);
    }
    if (!fileName.startsWith(root)) throw refused(archive, `‘${fileName}’ is not of the run.`);
    if (isFolder) continue;
    if (entry.isEncrypted()) throw refused(archive, `‘${fileName}’ is encrypted.`);
    const relative = fileName.slice(root.length);
    checkName(archive, relative);
    // Where letters' case is all one, two such files would be one.
    const key = relative.normalize('NFC').toLowerCase();
    if (names.has(key)) throw refused(archive, `it has ‘${relative}’ twice.`);
    names.add(key);
    const read = () =>
      promisify((done: (error: Error | null, stream: Readable) => void): void =>
        zip.openReadStream(entry, done),
      )();
    parts.push({ relative, size: entry.uncompressedSize, open: read });
  }
  return parts;
}

/** @throws ProblemError of kind `storage` for a name that leads elsewhere, here or on Windows */
function checkName(source: string, relative: string): void {
  const parts = relative.split('/');
  const isSound = (part: string) =>
    part !== '' && part !== '.' && part !== '..' && part.length <= longestName;
  if (parts.length <= deepest && parts.every(isSound) && !/[\\:*?"<>|\p{Cc}]/u.test(relative))
    return;
  throw refused(source, `the name ‘${relative.slice(0, longestName)}’ is none that a run has.`);
}

/** Copies all parts into a directory that is new and empty. */
async function take(
  parts: readonly Part[],
  source: string,
  staging: string,
  signal?: AbortSignal,
): Promise<void> {
  const bytes = parts.reduce((sum, { size }) => sum + size, 0);
  if (bytes > mostBytes) {
    throw refused(
      source,
      `it has ${sizeText(bytes)}; no run has more than ${sizeText(mostBytes)}.`,
    );
  }
  const { bavail, bsize } = await statfs(staging);
  if (bytes > bavail * bsize) {
    throw refused(source, `it needs ${sizeText(bytes)}, and ${sizeText(bavail * bsize)} are free.`);
  }
  for (const { relative, open: openPart } of parts) {
    const file = path.join(staging, ...relative.split('/'));
    await mkdir(path.dirname(file), { recursive: true });
    const target = createWriteStream(file, { flags: 'wx', flush: true });
    await pipeline(await openPart(), target, signal ? { signal } : {});
  }
}

/** Gives a copied run its place. */
async function settle(staging: string, sourceName: string, runs: string): Promise<string> {
  const { worker: _, ...manifest } = await readManifest(staging);
  const known = [...(await listRuns(runs)), ...(await listRuns(archiveOf(runs)))];
  const ids = known.flatMap((run) => ('manifest' in run ? [run.manifest.id] : []));
  const names = new Set(known.map(({ directory }) => path.basename(directory)));
  const kept = sourceName.replace(/\.zip$/i, '');
  const isFree = runIdOf(kept) === manifest.id && !names.has(kept) && !ids.includes(manifest.id);
  const fresh = newRunName(new Date(manifest.createdAt), manifest.experiment.file);
  const { id, directoryName } = isFree ? { id: manifest.id, directoryName: kept } : fresh;
  await writeManifest(staging, { ...manifest, id, state: stateOf(manifest) });
  const directory = path.join(path.resolve(runs), directoryName);
  await rename(staging, directory);
  return directory;
}

/** What was living where it came from has ended here, and can be resumed. */
function stateOf({ state }: RunManifest): RunManifest['state'] {
  if (!isLiving(state.status)) return state;
  return { status: 'stopped', step: state.step, steps: state.steps };
}

function tooMany(source: string) {
  return refused(source, `it has more than ${formatCount(mostFiles)} files.`);
}

function refused(source: string, why: string) {
  return brokenFile(source, why, 'Nothing was imported. Export the run anew where it comes from.');
}
