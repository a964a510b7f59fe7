import { mkdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { forgetGit, keepFromGit } from '../../run-directory/keep-from-git';
import { errorCode, storageProblem } from '../../run-directory/storage-problem';

/** A run directory that was just made, and how to leave no trace of it. */
export interface RunFolder {
  readonly directory: string;
  /** Removes it, and the folders above it that were made with it and are empty. */
  remove(): Promise<void>;
}

/**
 * Makes a run directory, and the folder for runs where that is missing.
 *
 * @throws ProblemError of kind `storage` when it cannot be made; then nothing was
 */
export async function makeRunFolder(runs: string, name: string): Promise<RunFolder> {
  const directory = path.join(runs, name);
  let first: string | undefined;
  const removeAbove = async () => {
    for (let at = runs; first !== undefined && isAtOrBelow(at, first); at = path.dirname(at)) {
      try {
        if (path.dirname(runs) === at) await forgetGit(runs);
        await rmdir(at);
      } catch (thrown) {
        // Someone else put something there meanwhile, or it was never made.
        if (errorCode(thrown) === 'ENOTEMPTY' || errorCode(thrown) === 'EEXIST') return;
        if (errorCode(thrown) !== 'ENOENT') throw thrown;
      }
    }
  };
  try {
    first = await mkdir(runs, { recursive: true });
    await keepFromGit(runs);
    await mkdir(directory);
  } catch (thrown) {
    await removeAbove();
    throw storageProblem(thrown, directory, 'make the run directory');
  }
  return {
    directory,
    async remove() {
      await rm(directory, { recursive: true, force: true });
      await removeAbove();
    },
  };
}

function isAtOrBelow(folder: string, root: string): boolean {
  return folder === root || folder.startsWith(root + path.sep);
}
