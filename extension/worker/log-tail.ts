import { open } from 'node:fs/promises';

/**
 * The last lines of a log file, for the detail of a problem.
 *
 * @returns at most `lines` lines of at most the last 16 KiB; empty when there is no such file.
 */
export async function readLogTail(file: string, lines = 30): Promise<string> {
  const limit = 16_384;
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, limit));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    await handle.close();
  }
}
