/** Claims as they lie in a run directory, and the time of this machine. */
import { constants } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openRegularFile, replaceFile } from './files';
import { beatFile, claimFile, controlFolder, isNotThere, largestClaim } from './heartbeat';
import type { ClaimClock, ClaimPlace } from './run-claim';
import { errorCode, storageProblem } from './storage-problem';

/** The claim of the run in `directory`, which exists. */
export function claimFiles(directory: string): ClaimPlace {
  const file = path.join(directory, claimFile);
  return {
    async create(text) {
      await mkdir(path.join(directory, controlFolder)).catch((thrown: unknown) => {
        if (errorCode(thrown) !== 'EEXIST') throw storageProblem(thrown, file, 'write');
      });
      return await createFile(directory, claimFile, text);
    },
    read: () => textOf(directory, claimFile),
    beat: (token, text) =>
      replaceFile(directory, beatFile(token), [new TextEncoder().encode(text)], 'fleeting'),
    readBeat: (token) => textOf(directory, beatFile(token)),
    async removeBeat(token) {
      await rm(path.join(directory, beatFile(token)), { force: true });
    },
    replace: (text) =>
      replaceFile(directory, claimFile, [new TextEncoder().encode(text)], 'fleeting'),
    async remove() {
      await rm(file, { force: true });
      // Requests and answers that lie there are not for us to remove.
      await rmdir(path.join(directory, controlFolder)).catch(() => undefined);
    },
    mark: (name) => createFile(directory, markFile(name), ''),
    async removeMark(name) {
      await rm(path.join(directory, markFile(name)), { force: true });
    },
  };
}

/** @returns whether there was none */
async function createFile(directory: string, relative: string, text: string): Promise<boolean> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  try {
    const handle = await openRegularFile(directory, relative, flags);
    try {
      await handle.writeFile(text);
    } catch (thrown) {
      await rm(path.join(directory, relative), { force: true });
      throw storageProblem(thrown, path.join(directory, relative), 'write');
    } finally {
      await handle.close();
    }
    return true;
  } catch (thrown) {
    const code = errorCode(thrown instanceof Error ? thrown.cause : undefined);
    // Who had the run has just removed the folder, between our two calls.
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw thrown;
  }
}

function markFile(name: string): string {
  return `${controlFolder}/${name}.taken`;
}

/** What a file has; nothing where it cannot be seen just now. */
async function textOf(directory: string, file: string): Promise<string | undefined> {
  try {
    const handle = await openRegularFile(directory, file, constants.O_RDONLY);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(largestClaim));
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    if (isNotThere(thrown)) return undefined;
    throw thrown;
  }
}

/** The clocks of this machine. */
export function claimClock(): ClaimClock {
  const start = { steady: performance.now(), wall: Date.now() };
  let most = 0;
  return {
    now: () => performance.now(),
    elapsed() {
      // The steady clock stands still while the machine sleeps.
      most = Math.max(most, performance.now() - start.steady, Date.now() - start.wall);
      return most;
    },
    async sleep(ms, signal) {
      // Beating keeps no process alive.
      const options = signal ? { ref: false, signal } : {};
      await delay(ms, undefined, options).catch(() => undefined);
    },
  };
}
