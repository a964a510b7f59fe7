/** Moving runs out of the folder of runs and back, never one in training. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { ProblemError } from '../protocol/problem';
import {
  isTrainerListening,
  trainerLockPath,
  trainerSocketPath,
} from '../protocol/socket-transport';
import { isSameHost } from '../vocabulary/presence';
import { isLiving } from '../vocabulary/run-status';
import { thisHost } from './host';
import { withLock } from './lock-file';
import { readManifest } from './manifest';
import { runIdOf } from './naming';
import { errorCode, storageProblem } from './storage-problem';
import { presenceNow } from './trainer-presence';

/** Where the archive of the runs in a folder is: beside it. */
export function archiveOf(runs: string): string {
  return path.join(path.dirname(path.resolve(runs)), 'archive');
}

/**
 * Moves a run, also one that cannot be opened, into the archive beside its folder.
 *
 * @returns where it is now
 * @throws ProblemError of kind `worker` for a run in training, `storage` when it cannot be moved
 */
export async function archiveRun(directory: string): Promise<string> {
  return await moveInto(directory, archiveOf(path.dirname(directory)));
}

/**
 * Moves an archived run back.
 *
 * @returns where it is now
 * @throws ProblemError of kind `storage` when it cannot be moved, or there is one of its name
 */
export async function restoreRun(archived: string, runs: string): Promise<string> {
  return await moveInto(archived, path.resolve(runs));
}

/**
 * Takes a run out of its folder and hands it to `remove`; puts it back when that fails.
 *
 * It is out of reach while it is removed, however long that takes: nobody finds half a run, and
 * nobody can resume it.
 *
 * @param remove gets the place where the run is, a directory of the run's own name
 * @throws ProblemError of kind `worker` for a run in training, and what `remove` throws
 */
export async function removeRun(
  directory: string,
  remove: (place: string) => Promise<void> = (place) => rm(place, { recursive: true }),
): Promise<void> {
  const folder = path.join(
    path.dirname(path.dirname(path.resolve(directory))),
    `.deleting-${randomBytes(6).toString('hex')}`,
  );
  try {
    const place = await moveInto(directory, folder);
    try {
      await remove(place);
    } catch (thrown) {
      await rename(place, directory).catch((error: unknown) => {
        throw storageProblem(error, place, 'put back');
      });
      throw thrown;
    }
  } finally {
    // What is still in it is worth more than a tidy folder.
    await rmdir(folder).catch(() => undefined);
  }
}

async function moveInto(directory: string, folder: string): Promise<string> {
  const target = path.join(folder, path.basename(directory));
  return await whileEnded(directory, async () => {
    try {
      await mkdir(folder, { recursive: true });
      // On some systems a rename replaces an empty directory.
      if (await exists(target)) throw Object.assign(new Error('it is taken'), { code: 'EEXIST' });
      await rename(directory, target);
      return target;
    } catch (thrown) {
      throw storageProblem(thrown, target, 'move the run to');
    }
  });
}

/** Acts under the lock that a trainer needs to go on with the run. */
async function whileEnded<T>(directory: string, action: () => Promise<T>): Promise<T> {
  const known = await readManifest(directory).catch(() => undefined);
  const id = known?.id ?? runIdOf(path.basename(directory));
  // Nothing that has no id was ever trained.
  if (id === undefined) return await action();
  if (known && isLiving(known.state.status) && !isSameHost(known.worker?.host, thisHost())) {
    // Its lock is on the other host: all there is to go by is how long nothing was heard of it.
    if ((await presenceNow(directory, known)) !== 'lost') throw inTraining(known.name);
  }
  const socket = trainerSocketPath(id);
  return await withLock(trainerLockPath(socket), async () => {
    if (await isTrainerListening(socket)) {
      throw inTraining(known?.name ?? path.basename(directory));
    }
    return await action();
  });
}

function inTraining(name: string): ProblemError {
  return new ProblemError({
    kind: 'worker',
    message: `‘${name}’ is in training.`,
    remedy: 'Stop it first.',
  });
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
