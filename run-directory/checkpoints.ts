/** `checkpoints/`: all that a training needs to go on, as safetensors files, one a step. */
import { lstat, readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { readRegularFile, replaceFile } from './files';
import { type NamedTensor, readAllTensors, writeSafetensors } from './safetensors';
import { brokenFile, errorCode, storageProblem } from './storage-problem';

const folder = 'checkpoints';
/** One file, read at once. */
const largestCheckpoint = 2 ** 32;

/** A state of a training, as it is kept. */
export interface KeptCheckpoint {
  /** Completed training steps. */
  readonly step: number;
  readonly tensors: readonly NamedTensor[];
  /** Counters and seeds. */
  readonly metadata: Readonly<Record<string, string>>;
}

const nameOf = (step: number) => `${folder}/${String(step).padStart(9, '0')}.safetensors`;

/**
 * Keeps a checkpoint.
 *
 * @returns its path relative to the run directory
 * @throws ProblemError of kind `storage`; earlier checkpoints are then unharmed
 */
export async function writeCheckpoint(
  directory: string,
  { step, tensors, metadata }: KeptCheckpoint,
): Promise<string> {
  const relative = nameOf(step);
  await replaceFile(directory, relative, writeSafetensors(tensors, metadata));
  return relative;
}

/**
 * The steps that have a checkpoint, ascending. None where there is no folder for them.
 *
 * @throws ProblemError of kind `storage` when the folder cannot be read or is a link
 */
export async function listCheckpoints(directory: string): Promise<number[]> {
  const at = path.join(directory, folder);
  try {
    if ((await lstat(at)).isSymbolicLink()) {
      throw brokenFile(at, 'it is a symbolic link, which is never followed.', 'Remove it.');
    }
    const entries = await readdir(at, { withFileTypes: true });
    return entries
      .flatMap((entry) => {
        const step = /^(\d{9,15})\.safetensors$/.exec(entry.name)?.[1];
        return step === undefined || !entry.isFile() ? [] : [Number(step)];
      })
      .sort((a, b) => a - b);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return [];
    throw storageProblem(thrown, at, 'list');
  }
}

/**
 * What tells the file of a checkpoint from one that takes its place later.
 *
 * @throws ProblemError of kind `storage` when there is none
 */
export async function checkpointStamp(directory: string, step: number): Promise<string> {
  const file = path.join(directory, nameOf(step));
  try {
    const { ino, size, mtimeMs } = await lstat(file);
    return [step, ino, size, mtimeMs].join();
  } catch (thrown) {
    throw storageProblem(thrown, file, 'read');
  }
}

/**
 * Reads the checkpoint of a step.
 *
 * @throws ProblemError of kind `storage` when it is missing, broken or of another step
 */
export async function readCheckpoint(directory: string, step: number): Promise<KeptCheckpoint> {
  const relative = nameOf(step);
  const file = path.join(directory, relative);
  const bytes = await readRegularFile(directory, relative, largestCheckpoint);
  const remedy = 'Delete it; an earlier checkpoint can be resumed from.';
  let contents: ReturnType<typeof readAllTensors>;
  try {
    contents = readAllTensors(bytes);
  } catch (thrown) {
    throw brokenFile(file, thrown instanceof Error ? thrown.message : String(thrown), remedy);
  }
  const said = contents.metadata['step'];
  if (said === String(step)) return { step, ...contents };
  throw brokenFile(file, `its metadata speak of step ${said}.`, remedy);
}

/**
 * Deletes all checkpoints but the newest and the best.
 *
 * @param keep how many of the newest stay, at least 1
 * @param best the step of one that stays as well
 * @throws ProblemError of kind `storage` when one cannot be deleted
 */
export async function pruneCheckpoints(
  directory: string,
  keep: number,
  best?: number,
): Promise<void> {
  const steps = await listCheckpoints(directory);
  for (const step of steps.slice(0, -keep)) {
    if (step === best) continue;
    const file = path.join(directory, nameOf(step));
    try {
      await unlink(file);
    } catch (thrown) {
      if (errorCode(thrown) !== 'ENOENT') throw storageProblem(thrown, file, 'delete');
    }
  }
}
