import { constants } from 'node:fs';
import { lstat, open, readdir, realpath, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isTrainerListening } from '../../protocol/socket-transport';
import { sweepSocketPath } from '../../protocol/sweep';

/** The newest that stay. */
const keptLogs = 20;
/** A sweep says its id in its first lines. */
const headBytes = 2 ** 16;

/**
 * Removes the oldest of what sweeps have printed, but for that of sweeps that train.
 *
 * @param folder where the logs are; other files and links in it are left alone
 * @param runs the folder of the sweeps' runs, an absolute path
 * @throws what the system says where a log cannot be looked at or removed
 */
export async function pruneSweepLogs(folder: string, runs: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const logs = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.jsonl'))
      .map(async ({ name }) => {
        const file = path.join(folder, name);
        return { file, changed: (await lstat(file)).mtimeMs };
      }),
  );
  logs.sort((a, b) => b.changed - a.changed);
  for (const { file } of logs.slice(keptLogs)) {
    if (!(await isLiving(await sweepIn(file), runs))) await unlink(file);
  }
}

/** The id of the sweep that printed a log; nothing where it never began. */
async function sweepIn(file: string): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const head = buffer.toString('utf8', 0, bytesRead);
    return /^\{"event":"sweep",.*?"id":"([\w-]+)"/m.exec(head)?.[1];
  } finally {
    await handle.close();
  }
}

async function isLiving(id: string | undefined, runs: string): Promise<boolean> {
  if (id === undefined) return false;
  // A shell may know the folder by its other name.
  const names = new Set([runs, await realpath(runs).catch(() => runs)]);
  const living = [...names].map((name) => isTrainerListening(sweepSocketPath(id, name)));
  return (await Promise.all(living)).includes(true);
}
