import { rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { isTrainerListening, trainerLockPath } from '../../../protocol/socket-transport';
import { withLock } from '../../../run-directory/lock-file';
import { errorCode } from '../../../run-directory/storage-problem';

/**
 * Binds; where a killed trainer left its socket behind, in its place. Of two that do so at once one
 * gets the lock first; the other finds a trainer listening.
 *
 * @throws the system's error, `EADDRINUSE` where somebody listens there
 */
export async function bindOrReplace(server: Server, path: string): Promise<void> {
  await withLock(trainerLockPath(path), async () => {
    try {
      await bind(server, path);
    } catch (thrown) {
      const isTaken = errorCode(thrown) === 'EADDRINUSE' && process.platform !== 'win32';
      if (!isTaken || (await isTrainerListening(path))) throw thrown;
      await rm(path, { force: true });
      await bind(server, path);
    }
  });
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
