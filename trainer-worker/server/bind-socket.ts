import { open, rm, stat } from 'node:fs/promises';
import type { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isTrainerListening } from '../../protocol/socket-transport';
import { errorCode } from '../../run-directory/storage-problem';

/**
 * Listens at `path`; where a killed process left its socket behind, in its place.
 *
 * @throws the system's error, `EADDRINUSE` where somebody listens there
 */
export async function bindOrReplace(server: Server, path: string): Promise<void> {
  try {
    await bind(server, path);
  } catch (thrown) {
    const isTaken = errorCode(thrown) === 'EADDRINUSE' && process.platform !== 'win32';
    if (!isTaken || (await isTrainerListening(path))) throw thrown;
    // Of two that replace it at once, one gets the lock; the other finds a trainer listening.
    const lock = `${path}.lock`;
    await withLock(lock, async () => {
      if (await isTrainerListening(path)) throw thrown;
      await rm(path, { force: true });
      await bind(server, path);
    });
  }
}

/** Nobody holds such a lock for longer: what is older was left behind. */
const oldestLockMs = 10_000;

async function withLock(lock: string, action: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await (await open(lock, 'wx')).close();
      break;
    } catch (thrown) {
      if (errorCode(thrown) !== 'EEXIST') throw thrown;
    }
    const stats = await stat(lock).catch(() => undefined);
    if (stats && Date.now() - stats.mtimeMs > oldestLockMs) await rm(lock, { force: true });
    else await delay(20);
  }
  try {
    await action();
  } finally {
    await rm(lock, { force: true });
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The socket is made by `listen` itself, in this turn, so that it is never open to others.
    const umask = process.platform === 'win32' ? undefined : process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      if (umask !== undefined) process.umask(umask);
    }
  });
}
