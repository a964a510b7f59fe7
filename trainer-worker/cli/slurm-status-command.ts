import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import type { JobAction } from '../../run-directory/slurm-commands';
import { actOnSubmission, lookAtQueue } from '../../run-directory/slurm-queue';
import { listSubmissions, slurmFolderOf } from '../../run-directory/slurm-submissions';
import { printResult } from './print-result';
import { slurmRows, slurmTable } from './slurm-table';

export interface SlurmStatusOptions {
  readonly runs: string;
  readonly json?: true;
}

/**
 * `ebm slurm status`: what waits and runs in Slurm, and why it waits.
 *
 * @returns the process's exit code
 */
export async function slurmStatusCommand({ runs, json }: SlurmStatusOptions): Promise<number> {
  return await printResult(async () => {
    const view = await lookAtQueue(slurmFolderOf(runs));
    if (json)
      return slurmRows(view)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join('');
    return slurmTable(view).trimStart() || 'nothing of this folder is with Slurm\n';
  });
}

/** What is told when it is done. */
const done: Readonly<Record<JobAction, (what: string) => string>> = {
  cancel: (what) => `${what} cancelled; those that train write a checkpoint`,
  hold: (what) => `${what} held`,
  release: (what) => `${what} released`,
  requeue: (what) => `${what} queued again; they go on from their checkpoints`,
};

/** What an action needs. */
const needed: Readonly<Record<JobAction, string>> = {
  ...{ cancel: 'waits or runs', hold: 'waits', release: 'is held', requeue: 'runs' },
};

/**
 * `ebm slurm cancel`, `hold`, `release`, `requeue`: has Slurm do so with what was handed to it.
 *
 * @param text its key, its name or the id of one of its jobs
 * @returns the process's exit code
 */
export async function slurmActionCommand(
  action: JobAction,
  text: string,
  { runs }: { readonly runs: string },
): Promise<number> {
  return await printResult(async () => {
    const { name, folder } = await findSubmission(text, slurmFolderOf(runs));
    const count = await actOnSubmission(folder, action);
    if (count > 0)
      return `${done[action](`‘${name}’: ${count} ${count === 1 ? 'task' : 'tasks'}`)}\n`;
    throw new ProblemError({
      kind: 'environment',
      message: `Nothing of ‘${name}’ ${needed[action]} in Slurm.`,
      remedy: 'ebm slurm status says how it stands.',
    });
  });
}

async function findSubmission(text: string, slurmFolder: string) {
  const all = await listSubmissions(slurmFolder);
  const found = all.filter(
    ({ name, jobs, folder }) =>
      name === text || jobs.includes(text) || path.basename(folder) === text,
  );
  if (found.length === 1) return found[0]!;
  const keys = (found.length > 1 ? found : all).map(({ folder }) => path.basename(folder));
  throw new ProblemError({
    kind: 'environment',
    message: `${text} ${found.length > 1 ? `may be any of ${found.length}` : 'is nothing'} that was handed to Slurm.`,
    remedy:
      keys.length === 0
        ? 'ebm sweep --on slurm hands something to it; --runs names the folder of its runs.'
        : `Give a job’s id or one of these: ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''}.`,
  });
}
