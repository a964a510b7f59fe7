/**
 * `.ebm/slurm/<name>/taken/<trial>-<rung>`: which trial is sent to which rung, and by which task of an
 * array. Each mark is made once, by one task alone, so that two never train the same.
 */
import { constants } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { openRegularFile, readRegularFile } from './files';
import { errorCode, storageProblem } from './storage-problem';

const marksFolder = 'taken';
const longestOwner = 1_024;

/** A trial by its place in the table, and a rung, from 0. */
export interface Mark {
  readonly index: number;
  readonly rung: number;
}

/**
 * Forgets all marks: of what no task trains any more.
 *
 * @throws ProblemError of kind `storage`
 */
export async function resetMarks(folder: string): Promise<void> {
  const place = path.join(folder, marksFolder);
  try {
    await rm(place, { recursive: true, force: true });
    await mkdir(place);
  } catch (thrown) {
    throw storageProblem(thrown, place, 'make the folder');
  }
}

/** @throws ProblemError of kind `storage` where they cannot be listed */
export async function listMarks(folder: string): Promise<Mark[]> {
  const place = path.join(folder, marksFolder);
  const names = await readdir(place).catch((thrown: unknown) => {
    throw storageProblem(thrown, place, 'list');
  });
  return names.flatMap((name) => {
    const parts = /^(\d{1,9})-(\d{1,3})$/.exec(name);
    return parts ? [{ index: Number(parts[1]), rung: Number(parts[2]) }] : [];
  });
}

/**
 * Makes a mark.
 *
 * @returns whether it is this owner's now; another one may have been faster
 * @throws ProblemError of kind `storage` where it cannot be made
 */
export async function takeMark(folder: string, mark: Mark, owner: string): Promise<boolean> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  try {
    const handle = await openRegularFile(folder, fileOf(mark), flags);
    try {
      await handle.writeFile(owner);
    } finally {
      await handle.close();
    }
    return true;
  } catch (thrown) {
    if (errorCode(thrown instanceof Error ? thrown.cause : undefined) === 'EEXIST') return false;
    throw thrown;
  }
}

/** Who has made a mark; nothing where that cannot be read. */
export async function ownerOf(folder: string, mark: Mark): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await readRegularFile(folder, fileOf(mark), longestOwner));
  } catch {
    return undefined;
  }
}

function fileOf({ index, rung }: Mark): string {
  return path.join(marksFolder, `${index}-${rung}`);
}
