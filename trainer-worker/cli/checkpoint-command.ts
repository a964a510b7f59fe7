import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import {
  connectToTrainer,
  isTrainerListening,
  trainerSocketPath,
} from '../../protocol/socket-transport';
import { findRun } from '../../run-directory/find-run';
import { readManifest } from '../../run-directory/manifest';
import { printResult } from './print-result';

export interface CheckpointOptions {
  readonly runs: string;
}

/**
 * `ebm checkpoint`: has a run that is in training or paused write a checkpoint, whoever trains it.
 *
 * @returns the process's exit code
 */
export async function checkpointCommand(
  text: string,
  { runs }: CheckpointOptions,
): Promise<number> {
  return await printResult(async () => {
    const directory = await findRun(text, path.resolve(runs));
    const { id, name } = await readManifest(directory);
    const socket = trainerSocketPath(id);
    if (!(await isTrainerListening(socket))) {
      throw new ProblemError({
        kind: 'worker',
        message: `‘${name}’ is not in training, so there is nothing to write a checkpoint of.`,
        remedy: 'ebm show says which ones it has.',
      });
    }
    const peer = await connectToTrainer(socket);
    const { step } = await peer.request('checkpoint', {}).finally(() => peer.close());
    return `checkpoint of ‘${name}’ written, step ${step}\n`;
  });
}
