/** `checkpoints/`: all that a training needs to go on, as safetensors files. */
import { replaceFile } from './files';
import { type NamedTensor, writeSafetensors } from './safetensors';

/**
 * Keeps a checkpoint.
 *
 * @returns its path relative to the run directory
 * @throws ProblemError of kind `storage`; earlier checkpoints are then unharmed
 */
export async function writeCheckpoint(
  directory: string,
  checkpoint: {
    readonly step: number;
    readonly tensors: readonly NamedTensor[];
    readonly metadata: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const relative = `checkpoints/${String(checkpoint.step).padStart(9, '0')}.safetensors`;
  await replaceFile(directory, relative, writeSafetensors(checkpoint.tensors, checkpoint.metadata));
  return relative;
}
