import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { problemOf } from '../protocol/problem';
import { openRegularFile } from './files';
import { errorCode } from './storage-problem';

/** The file in a run directory that keeps what its trainer printed. */
export const workerLog = 'worker.log';

/**
 * Opens the log of a run directory, to write on at its end; it is made where it is missing.
 *
 * @throws ProblemError of kind `storage` where it is a link, a pipe or otherwise not to be written, as
 *   it may be in a directory from elsewhere
 */
export async function openWorkerLog(directory: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
  return await openRegularFile(directory, workerLog, flags);
}

/**
 * The last lines of a log file, for the detail of a problem.
 *
 * @returns at most `lines` lines of at most the last 16 KiB; empty when there is no such file, and why
 *   where it is a link, a pipe or otherwise not to be read
 */
export async function readLogTail(file: string, lines = 30): Promise<string> {
  const limit = 16_384;
  let handle: FileHandle;
  try {
    handle = await openRegularFile(path.dirname(file), path.basename(file), constants.O_RDONLY);
  } catch (thrown) {
    const isMissing = thrown instanceof Error && errorCode(thrown.cause) === 'ENOENT';
    return isMissing ? '' : problemOf(thrown, 'storage').message;
  }
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.min(size, limit));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    await handle.close();
  }
}
