import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type Problem, problemOf } from '../protocol/problem';
import type { RunManifest } from '../protocol/run';
import { type Annotations, tryAnnotations } from './annotations';
import { readManifest } from './manifest';
import { brokenFile, errorCode, storageProblem } from './storage-problem';

/** A run directory: what it is, or why it cannot be opened. */
export type RunListing =
  | {
      readonly directory: string;
      readonly manifest: RunManifest;
      readonly annotations: Annotations;
      /** Why what people added to it cannot be read. */
      readonly annotationsProblem?: Problem;
    }
  | { readonly directory: string; readonly problem: Problem };

/** A run that can be opened. */
export type ListedRun = Exclude<RunListing, { readonly problem: Problem }>;

const readAtOnce = 32;

/**
 * The runs in a folder, newest first, broken ones included. Reads their manifests and annotations and
 * nothing else.
 *
 * A folder that does not exist has no runs. Symbolic links are listed as broken, never followed.
 *
 * @throws ProblemError of kind `storage` when the folder itself cannot be read
 */
export async function listRuns(runsDirectory: string): Promise<RunListing[]> {
  return await mapRuns(runsDirectory, (listing) => listing);
}

/**
 * What `each` makes of the runs that {@link listRuns} tells of, in its order. Manifests are let go of as
 * soon as they are used: those of thousands of runs of images take a gigabyte.
 *
 * @throws ProblemError of kind `storage` when the folder itself cannot be read, and what `each` throws
 */
export async function mapRuns<T>(
  runsDirectory: string,
  each: (listing: RunListing) => T | Promise<T>,
): Promise<T[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(runsDirectory, { withFileTypes: true });
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return [];
    throw storageProblem(thrown, runsDirectory, 'list');
  }
  const candidates = entries.filter(
    (entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink()),
  );
  const made: { readonly key: string; readonly value: T }[] = [];
  for (let start = 0; start < candidates.length; start += readAtOnce) {
    const some = candidates.slice(start, start + readAtOnce);
    made.push(
      ...(await Promise.all(
        some.map(async (entry) => {
          const listing = await list(runsDirectory, entry);
          return { key: sortKey(listing), value: await each(listing) };
        }),
      )),
    );
  }
  return made.sort((a, b) => (a.key < b.key ? 1 : -1)).map(({ value }) => value);
}

async function list(runsDirectory: string, entry: Dirent): Promise<RunListing> {
  const directory = path.join(runsDirectory, entry.name);
  if (!entry.isSymbolicLink()) return await readListing(directory);
  const problem = brokenFile(
    directory,
    'it is a symbolic link, which is never followed.',
    'Put the run directory itself here.',
  );
  return { directory, problem: problem.problem };
}

/** What one run directory is, or why it cannot be opened. */
export async function readListing(directory: string): Promise<RunListing> {
  try {
    const manifest = await readManifest(directory);
    return { directory, manifest, ...(await tryAnnotations(directory)) };
  } catch (thrown) {
    return { directory, problem: problemOf(thrown, 'storage') };
  }
}

/** What a run is called: the name it was given, else its experiment's. */
export function nameOf({ manifest, annotations }: ListedRun): string {
  return annotations.name ?? manifest.name;
}

/** Date and time as digits, from the manifest, or from the name where there is no manifest. */
function sortKey(listing: RunListing): string {
  const name = path.basename(listing.directory);
  const time = 'manifest' in listing ? listing.manifest.createdAt : name.slice(0, 15);
  return `${time.replace(/\D/g, '').padEnd(17, '0')} ${name}`;
}
