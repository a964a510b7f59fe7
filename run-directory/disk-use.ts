import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { storageProblem } from './storage-problem';

/**
 * Bytes of all files in a run directory. Symbolic links count as themselves and are not followed.
 *
 * @throws ProblemError of kind `storage` when a folder in it cannot be read
 */
export async function diskUse(directory: string): Promise<number> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const sizes = await Promise.all(
      entries.map(async (entry) => {
        const at = path.join(directory, entry.name);
        return entry.isDirectory() ? await diskUse(at) : (await lstat(at)).size;
      }),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch (thrown) {
    throw storageProblem(thrown, directory, 'measure');
  }
}
