import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { errorCode, storageProblem } from './storage-problem';

/**
 * Bytes of all files in a run directory. Symbolic links count as themselves and are not followed;
 * what vanishes meanwhile, as a living run's old checkpoints do, counts nothing.
 *
 * @throws ProblemError of kind `storage` when a folder in it cannot be read
 */
export async function diskUse(directory: string): Promise<number> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const sizes = await Promise.all(
      entries.map(async (entry) => {
        const at = path.join(directory, entry.name);
        return entry.isDirectory() ? await diskUse(at) : await sizeOf(at);
      }),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return 0;
    throw storageProblem(thrown, directory, 'measure');
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await lstat(file)).size;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return 0;
    throw thrown;
  }
}

/** `512 bytes`, `3.4 KiB`, `1.2 GiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  // What would be written 1024 is one of the next unit.
  let power = 1;
  while (power < units.length && bytes / 1024 ** power >= 999.5) power += 1;
  const value = bytes / 1024 ** power;
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${units[power - 1]}`;
}
