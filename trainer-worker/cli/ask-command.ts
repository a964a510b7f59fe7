import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import type { RunManifest, RunState } from '../../protocol/run';
import {
  connectToTrainer,
  isTrainerListening,
  trainerSocketPath,
} from '../../protocol/socket-transport';
import {
  askTrainer,
  type Request,
  type RequestedAction,
} from '../../run-directory/control-requests';
import { findRun } from '../../run-directory/find-run';
import { thisHost } from '../../run-directory/host';
import { readManifest } from '../../run-directory/manifest';
import { isSameHost } from '../../vocabulary/presence';
import { formatCount } from '../../vocabulary/quantities';
import { isLiving } from '../../vocabulary/run-status';
import { printResult } from './print-result';

export interface AskOptions {
  readonly runs: string;
}

/** What is told of a run when it is done. */
const done: Readonly<Record<RequestedAction, (name: string, step: string) => string>> = {
  pause: (name, step) => `‘${name}’ is paused at step ${step}`,
  resume: (name, step) => `‘${name}’ goes on from step ${step}`,
  step: (name, step) => `‘${name}’ stands still at step ${step}`,
  stop: (name, step) => `‘${name}’ stopped at step ${step}, with a checkpoint`,
  checkpoint: (name, step) => `checkpoint of ‘${name}’ written, step ${step}`,
};

/**
 * `ebm pause`, `ebm step`, `ebm stop`, `ebm checkpoint`: has a run that is in training do something, whoever trains
 * it, on whatever host.
 *
 * @returns the process's exit code
 */
export async function askCommand(
  action: RequestedAction,
  text: string,
  { runs }: AskOptions,
): Promise<number> {
  return await printResult(async () => {
    const directory = await findRun(text, path.resolve(runs));
    const manifest = await readManifest(directory);
    const { step } = await askRun(directory, manifest, { action });
    return `${done[action](manifest.name, formatCount(step))}\n`;
  });
}

/**
 * Asks the trainer of a run for something: over its socket where it is on this host, else by files.
 *
 * @throws ProblemError of kind `worker` where nobody trains it, and what the trainer answers
 */
export async function askRun(
  directory: string,
  { id, name, state, worker }: RunManifest,
  asked: Request,
): Promise<RunState> {
  if (isLiving(state.status) && !isSameHost(worker?.host, thisHost())) {
    return await askTrainer(directory, name, asked);
  }
  const socket = trainerSocketPath(id);
  if (!(await isTrainerListening(socket))) {
    throw new ProblemError({
      kind: 'worker',
      message: `‘${name}’ is not in training, so there is nobody to ask.`,
      remedy: 'ebm list says how it stands, ebm resume goes on with it.',
    });
  }
  const peer = await connectToTrainer(socket);
  const { action, ...params } = asked;
  return await peer.request(action, params as never).finally(() => peer.close());
}
