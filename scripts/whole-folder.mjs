/**
 * Folders that take long to fill and are used by many: each is whole or not there, and is filled once
 * however many ask for it at the same time.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @typedef {object} WholeFolder
 * @property {string} what what it holds, for messages
 * @property {(directory: string) => boolean} isWhole whether it is all there
 * @property {(directory: string) => Promise<void>} fill fills an empty folder, which is then renamed
 */

/**
 * Fills a folder where it is missing. A broken-off attempt is never taken for a whole one, and two at
 * once do the work once.
 * @param {string} directory
 * @param {WholeFolder} options
 * @returns {Promise<'installed' | 'up to date'>}
 * @throws what `fill` throws, or an Error whose message says what to do
 */
export async function makeWhole(directory, { what, isWhole, fill }) {
  if (isWhole(directory)) return 'up to date';
  await mkdir(path.dirname(directory), { recursive: true });
  return alone(`${directory}.lock`, what, async () => {
    if (isWhole(directory)) return 'up to date';
    if (existsSync(directory)) {
      await rmdir(directory).catch((error) => {
        throw new Error(`${directory} is neither empty nor a whole ${what}. Remove it.`, {
          cause: error,
        });
      });
    }
    await removeBrokenOff(directory);
    const partial = `${directory}.partial-${process.pid}`;
    try {
      await mkdir(partial);
      await fill(partial);
      await rename(partial, directory);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return 'installed';
  });
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * Runs `work` while no other process does. A lock whose owner is gone is taken over.
 * @template T
 * @param {string} lock path of the lock file
 * @param {string} what what is made meanwhile
 * @param {() => Promise<T>} work
 */
async function alone(lock, what, work) {
  for (let told = false; ; ) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
    // An empty lock is being written just now.
    if (owner > 0 && !isAlive(owner)) {
      await rm(lock, { force: true });
      continue;
    }
    if (!told) console.log(`Waiting for another ${what} (process ${owner}) ...`);
    told = true;
    await delay(500);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/**
 * Removes what attempts that were killed left beside `directory`.
 * @param {string} directory
 */
async function removeBrokenOff(directory) {
  const prefix = `${path.basename(directory)}.partial-`;
  const parent = path.dirname(directory);
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length)))) {
      await rm(path.join(parent, name), { recursive: true, force: true });
    }
  }
}
