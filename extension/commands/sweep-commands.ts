import { realpath } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { WantedBackend } from '../../protocol/backends';
import { stopSweepAt, sweepSocketPath } from '../../protocol/sweep';
import type { ComparePanels } from '../compare/compare-panels';
import { checkedCount } from '../launching/checked-count';
import { configuredNode, settingsOf } from '../launching/configured-node';
import { makeRunDirectory } from '../launching/launch';
import type { Launcher, TrainerProgram } from '../launching/launcher';
import { experimentSuffix, runsFolder, settingDefaults } from '../manifest';
import { type StartedSweep, startSweep } from '../processes/sweep-process';
import { arrange, type SweepRow, sweepKey, sweepProgress } from '../views/run-arrangement';
import { sweepProgressText } from '../views/run-text';
import { type ChosenExperiment, chooseExperiment } from './choose-experiment';
import type { CommandTable } from './command-table';
import { compareSweep } from './compare-commands';
import type { RunPlaces } from './target-runs';

/** The setting that says how many runs of a sweep train at once. */
const parallelism = 'ebm.sweepParallelRuns';

export interface SweepCommandMeans extends RunPlaces {
  readonly comparePanels: ComparePanels;
  readonly launcher: Launcher;
  readonly trainer: TrainerProgram;
  readonly log: vscode.LogOutputChannel;
}

/** What can be done with a sweep as a whole. */
export function sweepCommands(means: SweepCommandMeans) {
  return {
    'ebm.launchSweep': async (argument) => {
      if (!means.launcher.isAllowed()) return;
      const chosen = await chooseExperiment(argument, 'Launch Sweep');
      if (chosen) await launchSweep(chosen, means);
    },
    'ebm.showSweepSummary': async (argument) => {
      const sweep = await targetSweep(means, argument, 'Show Sweep Summary');
      if (sweep) compareSweep(means.comparePanels, sweep);
    },
    'ebm.stopSweep': async (argument) => {
      const why = 'A sweep is stopped through its trainers, which only a trusted workspace may do.';
      if (!means.launcher.isAllowed(why)) return;
      const sweep = await targetSweep(means, argument, 'Stop Sweep');
      if (sweep) await stopSweep(sweep, means);
    },
  } satisfies Partial<CommandTable>;
}

/** Starts or goes on with the sweep of a file. Ends in one message when it cannot begin. */
async function launchSweep(
  { file, folder }: ChosenExperiment,
  means: SweepCommandMeans,
): Promise<void> {
  const { launcher, notifications, trainer, log: channel } = means;
  const runs = path.join(folder, ...runsFolder.split('/'));
  const log = logFile(folder, file);
  const openLog = {
    title: 'Open Log',
    run: () => vscode.window.showTextDocument(vscode.Uri.file(log), { preview: true }),
  };
  const title = `Starting the sweep of ${path.basename(file)}`;
  const cancellation = new AbortController();
  try {
    const started = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (_, token) => {
        token.onCancellationRequested(() => cancellation.abort());
        await makeRunDirectory(folder, runs);
        const backend = settingsOf(file).get<WantedBackend>(
          'ebm.backend',
          settingDefaults['ebm.backend'],
        );
        const { signal } = cancellation;
        const node = await configuredNode(file);
        return await startSweep({
          ...trainer,
          node,
          task: { kind: 'begin', experiment: file, overrides: {}, backend },
          cwd: folder,
          runs,
          log,
          parallel: checkedCount(parallelism, settingsOf(file).get(parallelism)),
          signal,
          onProgress: ({ done, training }) =>
            channel.info(
              `Sweep of ${path.basename(file)}: ${done} runs done, ${training} in training`,
            ),
        });
      },
    );
    const { name, done } = started;
    channel.info(`The sweep ‘${name}’ trains; it writes to ${log}`);
    if (done < started.runs) {
      notifications.inform(
        `The sweep ‘${name}’ trains: ${started.runs} runs${
          done === 0 ? '' : `, ${done} of them done before; it goes on with the others`
        }.`,
        [openLog],
      );
    }
    await tellEnd(started, means, openLog);
  } catch (error) {
    if (cancellation.signal.aborted) channel.info(`${title}: cancelled.`);
    else await launcher.explain(error);
  }
}

/** Says once how a sweep ended that this window has started. */
async function tellEnd(
  { id, name, runs, ended }: StartedSweep,
  { notifications, comparePanels, store }: SweepCommandMeans,
  openLog: { readonly title: string; readonly run: () => unknown },
): Promise<void> {
  const { code, problems } = await ended;
  const summary = {
    title: 'Show Summary',
    run: () => {
      const sweep = arrange(store.runs, [], '').sweeps.get(sweepKey(id));
      if (sweep) compareSweep(comparePanels, sweep);
    },
  };
  const goOn = 'Launch it again to go on with it.';
  const [first] = problems;
  if (code === 0) {
    notifications.inform(`The sweep ‘${name}’ is done: ${runs} runs.`, [summary]);
  } else if (code === 130) {
    notifications.inform(`The sweep ‘${name}’ was stopped. ${goOn}`, [summary]);
  } else if (code === 1 && first) {
    const count = problems.length === 1 ? 'one of its runs' : `${problems.length} of its runs`;
    notifications.problem(
      { ...first, message: `The sweep ‘${name}’ has ended, ${count} failed: ${first.message}` },
      [summary, openLog],
    );
  } else {
    const how = code === null ? 'was killed' : `ended with exit code ${code}`;
    const problem = {
      kind: 'worker',
      message: `The sweep ‘${name}’ ${how}.`,
      remedy: goOn,
    } as const;
    notifications.problem(problem, [openLog]);
  }
}

/** Has a sweep begin nothing more, and its living runs write a checkpoint and stop, once confirmed. */
async function stopSweep(
  { id, name, runs }: SweepRow,
  { notifications }: SweepCommandMeans,
): Promise<void> {
  const living = runs.filter(({ isLiving }) => isLiving);
  const stop = 'Stop Sweep';
  const chosen = await vscode.window.showWarningMessage(
    `Stop the sweep ‘${name}’?`,
    {
      modal: true,
      detail: `${
        living.length === 0
          ? 'None of its runs is in training; it begins no other.'
          : 'Its runs in training write a checkpoint and stop, and it begins no other.'
      } Launched again, it goes on from there.`,
    },
    stop,
  );
  if (chosen !== stop) return;
  const folders = new Set(runs.map(({ directory }) => path.dirname(directory)));
  const asked = await Promise.all([...folders].map((folder) => stopSweepIn(id, folder)));
  // Trainers outlive the process that started them.
  const left = living.filter((run) => run.isLiving && run.controller);
  await Promise.all(left.map(({ controller }) => controller?.stop()));
  if (!asked.includes(true) && left.length === 0) {
    notifications.inform(`The sweep ‘${name}’ is not in training, so there is nothing to stop.`);
  }
}

/** Asks the process that trains a sweep in a folder to stop, and waits for its end. */
async function stopSweepIn(id: string, folder: string): Promise<boolean> {
  // A shell may know the folder by its other name.
  const names = new Set([folder, await realpath(folder)]);
  const asked = await Promise.all([...names].map((name) => stopSweepAt(sweepSocketPath(id, name))));
  return asked.includes(true);
}

/** Where a sweep writes what it prints, each time another file. */
function logFile(folder: string, file: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const name = `${path.basename(file, experimentSuffix)}-${time}.jsonl`;
  return path.join(folder, path.dirname(runsFolder), 'sweeps', name);
}

/** The sweep whose row was given, else the one that the user chooses. */
async function targetSweep(
  { store, notifications }: RunPlaces,
  argument: unknown,
  title: string,
): Promise<SweepRow | undefined> {
  const { sweeps } = arrange(store.runs, [], '');
  const named = typeof argument === 'string' ? sweeps.get(argument) : undefined;
  if (named) return named;
  if (sweeps.size === 0) {
    notifications.inform('There is no run of a sweep in this workspace yet. Launch a sweep first.');
    return undefined;
  }
  const [only] = sweeps.values();
  if (sweeps.size === 1) return only;
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
