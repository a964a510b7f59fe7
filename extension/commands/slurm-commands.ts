import * as vscode from 'vscode';
import type { JobAction } from '../../run-directory/slurm-commands';
import type { Standing } from '../../run-directory/slurm-queue';
import { standingText } from '../../vocabulary/slurm-tasks';
import type { Launcher } from '../launching/launcher';
import type { SlurmJobs } from '../runs/slurm-jobs';
import type { Notifications } from '../views/notifications';
import { slurmFolderIn } from '../views/slurm-item';
import type { CommandTable } from './command-table';

interface SlurmMeans {
  readonly slurm: SlurmJobs;
  readonly launcher: Launcher;
  readonly notifications: Notifications;
}

/** What can be done with what waits and runs in Slurm, from its row in the tree. */
export function slurmCommands(means: SlurmMeans) {
  const act = (action: JobAction) => async (argument: unknown) => {
    const why = 'Slurm’s programs are called, which only a trusted workspace may do.';
    if (!means.launcher.isAllowed(why)) return;
    const element = typeof argument === 'string' ? argument : '';
    const standing = means.slurm.find(slurmFolderIn(element));
    if (!standing) return;
    if (action === 'cancel' && !(await isConfirmed(standing))) return;
    if ((await means.slurm.act(standing, action)) > 0) return;
    means.notifications.inform(`There is nothing left to ${action} of ‘${standing.name}’.`);
  };
  return {
    'ebm.cancelSlurmJobs': act('cancel'),
    'ebm.holdSlurmJobs': act('hold'),
    'ebm.releaseSlurmJobs': act('release'),
    'ebm.requeueSlurmJobs': act('requeue'),
  } satisfies Partial<CommandTable>;
}

async function isConfirmed({ name, rows, jobs }: Standing): Promise<boolean> {
  const cancel = 'Cancel Jobs';
  const detail =
    `Slurm job ${jobs.join(', ')}: ${standingText(rows)}. What trains writes a checkpoint and ` +
    'stops; what waits does not begin. Submitted again, the sweep goes on from there.';
  const chosen = await vscode.window.showWarningMessage(
    `Cancel ‘${name}’ in Slurm?`,
    { modal: true, detail },
    cancel,
  );
  return chosen === cancel;
}
