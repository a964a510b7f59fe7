import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import type { ResumeTask } from '../../protocol/launch-task';
import { trainerSocketPath } from '../../protocol/socket-transport';
import { findRun } from '../../run-directory/find-run';
import { readManifest } from '../../run-directory/manifest';
import { presenceNow } from '../../run-directory/trainer-presence';
import { requireEnded, resumeRun } from '../trainer/server/begin-run';
import { askCommand } from './ask-command';
import { endAtOnce } from './process-end';
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
  const { from, steps, backend, runs } = options;
  if (from === undefined && steps === undefined && (await isPaused(text, runs))) {
    return await askCommand('resume', text, { runs });
  }
  return await trainInShell(async () => {
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
    const request = { directory, socket, task, onLost: endAtOnce };
    return {
      directory,
      socket,
      begin: (listeners, onPhase) => resumeRun(request, listeners, onPhase),
      // Nothing was made.
      undo: async () => undefined,
    };
  }, options);
}

/** Whether a run stands still that somebody trains. What cannot be told is told by whoever goes on. */
async function isPaused(text: string, runs: string): Promise<boolean> {
  try {
    const directory = await findRun(text, path.resolve(runs));
    const manifest = await readManifest(directory);
    if (manifest.state.status !== 'paused') return false;
    const presence = await presenceNow(directory, manifest);
    return presence !== 'gone' && presence !== 'lost';
  } catch {
    return false;
  }
}
