/**
 * `initial.safetensors`: the parameters that a run began with, where they came from a file and not from
 * its seed. So a run needs that file no more, whether it goes on or is repeated exactly.
 */
import path from 'node:path';
import { readRegularFile, replaceFile } from './files';
import { type NamedTensor, readAllTensors, writeSafetensors } from './safetensors';
import { brokenFile } from './storage-problem';

const fileName = 'initial.safetensors';
/** One file, read at once. */
const largestFile = 2 ** 32;

/**
 * Keeps the parameters that a run begins with.
 *
 * @throws ProblemError of kind `storage`
 */
export async function writeInitialParameters(
  directory: string,
  tensors: readonly NamedTensor[],
): Promise<void> {
  await replaceFile(directory, fileName, writeSafetensors(tensors, {}));
}

/**
 * The parameters that a run began with.
 *
 * @throws ProblemError of kind `storage` when they are missing or broken
 */
export async function readInitialParameters(directory: string): Promise<readonly NamedTensor[]> {
  const bytes = await readRegularFile(directory, fileName, largestFile);
  try {
    return readAllTensors(bytes).tensors;
  } catch (thrown) {
    throw brokenFile(
      path.join(directory, fileName),
      thrown instanceof Error ? thrown.message : String(thrown),
      'Restore it from a copy, or launch the experiment anew with the file that it began from.',
    );
  }
}
