import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from './storage-problem';

const ignoreFile = '.gitignore';

/**
 * Keeps runs out of the user's repository without touching a file of theirs: where the folder of runs is
 * the usual one, the folder above it, which is all ours, ignores itself. One that is there already stays.
 *
 * @param runs the folder of runs; the one above it exists
 * @throws the system's error
 */
export async function keepFromGit(runs: string): Promise<void> {
  const ours = path.dirname(runs);
  // Anywhere else it is not ours to decide.
  if (path.basename(ours) !== '.ebm') return;
  await writeFile(path.join(ours, ignoreFile), '*\n', { flag: 'wx' }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
}

/** Removes what {@link keepFromGit} wrote where there is nothing else to be kept out. */
export async function forgetGit(runs: string): Promise<void> {
  const ours = path.dirname(runs);
  if (path.basename(ours) !== '.ebm') return;
  const inside = await readdir(ours).catch(() => []);
  if (inside.length === 1 && inside[0] === ignoreFile) await rm(path.join(ours, ignoreFile));
}
