import { link, open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from './storage-problem';

/** Nobody holds such a lock for longer: what is older was left behind by a process that died. */
const oldestMs = 10_000;

/**
 * Does `action` while no other process of this machine does one under the same lock.
 *
 * @param lock path of the file that is there meanwhile; its folder exists
 * @throws what `action` throws, or the system where the file cannot be made
 */
export async function withLock<T>(lock: string, action: () => Promise<T>): Promise<T> {
  while (!(await take(lock))) await delay(20);
  try {
    return await action();
  } finally {
    await rm(lock, { force: true });
  }
}

/** @returns whether the lock is now ours */
async function take(lock: string): Promise<boolean> {
  try {
    await (await open(lock, 'wx', 0o600)).close();
    return true;
  } catch (thrown) {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
  }
  const stats = await stat(lock).catch(() => undefined);
  if (stats && Date.now() - stats.mtimeMs > oldestMs) await clear(lock, stats.ino);
  return false;
}

/** Removes a lock that was left behind, unless another one has taken its place meanwhile. */
async function clear(lock: string, inode: number): Promise<void> {
  const aside = `${lock}.${process.pid}`;
  try {
    await rename(lock, aside);
    if ((await stat(aside)).ino !== inode) await link(aside, lock);
  } catch {
    // Somebody else cleared it first.
  }
  await rm(aside, { force: true });
}
