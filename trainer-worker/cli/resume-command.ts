import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import type { ResumeTask } from '../../protocol/launch-task';
import { trainerSocketPath } from '../../protocol/socket-transport';
import { findRun } from '../../run-directory/find-run';
import { readManifest } from '../../run-directory/manifest';
import { requireEnded, resumeRun } from '../trainer/server/begin-run';
import { type ShellOptions, trainInShell } from './train-in-shell';

export interface ResumeOptions extends ShellOptions {
  readonly from?: number;
  readonly steps?: number;
  readonly backend?: WantedBackend;
  readonly runs: string;
}

/**
 * `ebm resume`: goes on with a run that ended or was killed, in the shell.
 *
 * @returns the process's exit code
 */
export async function resumeCommand(text: string, options: ResumeOptions): Promise<number> {
  return await trainInShell(async () => {
    const { from, steps, backend, runs } = options;
    const directory = await findRun(text, path.resolve(runs));
    const manifest = await readManifest(directory);
    await requireEnded(manifest);
    const socket = trainerSocketPath(manifest.id);
    const task: ResumeTask = {
      kind: 'resume',
      ...(from === undefined ? {} : { from }),
      ...(steps === undefined ? {} : { steps }),
      ...(backend === undefined ? {} : { backend }),
    };
    const request = { directory, socket, task };
    return {
      directory,
      socket,
      begin: (listeners, onPhase) => resumeRun(request, listeners, onPhase),
      // Nothing was made.
      undo: async () => undefined,
    };
  }, options);
}
