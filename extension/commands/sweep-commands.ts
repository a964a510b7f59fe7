import * as vscode from 'vscode';
import { arrange, type SweepRow, sweepProgress } from '../views/run-arrangement';
import { sweepProgressText } from '../views/run-text';
import type { SweepDocuments } from '../views/sweep-documents';
import type { CommandTable } from './command-table';
import type { RunPlaces } from './meant-runs';

export interface SweepCommandMeans extends RunPlaces {
  readonly sweepDocuments: SweepDocuments;
}

/** What can be done with a sweep as a whole. */
export function sweepCommands(means: SweepCommandMeans) {
  return {
    'ebm.showSweepSummary': async (argument) => {
      const sweep = await meantSweep(means, argument, 'Show Sweep Summary');
      if (sweep) await means.sweepDocuments.show(sweep);
    },
  } satisfies Partial<CommandTable>;
}

/** The sweep whose row was given, else the one that the user chooses. */
async function meantSweep(
  { store, notifications }: RunPlaces,
  argument: unknown,
  title: string,
): Promise<SweepRow | undefined> {
  const { sweeps } = arrange(store.runs, [], '');
  const named = typeof argument === 'string' ? sweeps.get(argument) : undefined;
  if (named) return named;
  if (sweeps.size === 0) {
    notifications.inform(
      'There is no run of a sweep in this workspace yet. Export one from an experiment and train it.',
    );
    return undefined;
  }
  const items = [...sweeps.values()].map((sweep) => ({
    label: `$(layers) ${sweep.name}`,
    description: sweepProgressText(sweepProgress(sweep)),
    sweep,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Which sweep?',
    matchOnDescription: true,
  });
  return chosen?.sweep;
}
