import * as vscode from 'vscode';
import type { PanelAction } from '../../protocol/panel';
import { ProblemError } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { overridesForRerun } from '../../run-directory/repetition';
import type { Launcher, TrainerProgram } from '../launching/launcher';
import type { RunPanels } from '../panel/run-panels';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import { distinctionOf } from '../runs/run-title';
import type { ExperimentDiagnostics } from '../views/experiment-diagnostics';
import type { Notifications } from '../views/notifications';
import { progressText, statusIcon } from '../views/run-text';
import { candidates, controllerOf, type RunVerb } from './applicable-runs';
import { chooseChange } from './change-run';
import { checkExperiment } from './check-experiment';
import { chooseExperiment } from './choose-experiment';
import type { CommandTable } from './command-table';
import { exportStep } from './export-step';
import { openLog, type RunInspector, revealFolder } from './inspect-run';
import { installGpuBackend } from './install-gpu-backend';
import { newExperiment } from './new-experiment';
import { chooseChanges } from './rerun-with-changes';

export interface RunCommandMeans {
  readonly store: RunStore;
  readonly panels: RunPanels;
  readonly launcher: Launcher;
  readonly inspector: RunInspector;
  readonly diagnostics: ExperimentDiagnostics;
  readonly trainer: TrainerProgram;
  readonly notifications: Notifications;
  readonly log: vscode.LogOutputChannel;
}

/** Why a verb has nothing to work on, and what to do instead. */
const nothingTo: Readonly<Record<RunVerb, string>> = {
  pause: 'No run is in training, so there is nothing to pause. Launch one, or resume a paused one.',
  resume: 'No run is paused or has ended before its time, so there is nothing to resume.',
  step: 'No run is paused, and only such can take a single step. Pause one first.',
  stop: 'No run is in training, so there is nothing to stop.',
  checkpoint: 'No run is in training, so there is nothing to write a checkpoint of.',
  change:
    'No run is in training, so there is nothing to change. Launch one, or rerun one with changes.',
  takeOver: 'No run is controlled by another window, so there is nothing to take over.',
};

/** What a verb does, for a question. */
const doing: Readonly<Record<RunVerb, string>> = {
  pause: 'pause',
  resume: 'resume',
  step: 'take one step of',
  stop: 'stop',
  checkpoint: 'write a checkpoint of',
  change: 'change',
  takeOver: 'take over',
};

/** What each command does, whether or not there is a run for it. */
export function runCommands(means: RunCommandMeans) {
  const { store, launcher, inspector, log } = means;
  return {
    'ebm.launchRun': async (argument) => {
      if (!launcher.isAllowed()) return;
      const chosen = await chooseExperiment(argument);
      if (!chosen) return;
      const { file, folder } = chosen;
      await launcher.launch({ task: { kind: 'begin', experiment: file, overrides: {} }, folder });
    },
    'ebm.pauseRun': (argument) => askRun(means, 'pause', argument),
    'ebm.resumeRun': (argument) => askRun(means, 'resume', argument),
    'ebm.stepRun': (argument) => askRun(means, 'step', argument),
    'ebm.stopRun': (argument) => askRun(means, 'stop', argument),
    'ebm.writeCheckpoint': (argument) => askRun(means, 'checkpoint', argument),
    'ebm.changeRun': async (argument) => {
      const run = await askedRun(means, 'change', argument);
      if (run) await chooseChange(run, means.notifications);
    },
    'ebm.takeOverRun': (argument) => askRun(means, 'takeOver', argument),
    'ebm.rerunLastRun': async (argument) => {
      const run = lastRun(store, argument);
      if (run) await rerun(means.launcher, run);
      else means.notifications.inform('There is no run to repeat yet. Launch one first.');
    },
    'ebm.rerunExactly': async (argument) => {
      const run = targetRun(means, argument);
      if (run) await rerunExactly(launcher, run);
    },
    'ebm.rerunWithChanges': async (argument) => {
      const run = targetRun(means, argument);
      const changes = run && (await chooseChanges(run));
      if (run && changes) await rerun(launcher, run, changes);
    },
    'ebm.exportStep': async (argument) => {
      if (
        !launcher.isAllowed(
          'The experiment’s code is executed to export its step, so nothing is exported before you trust this workspace.',
        )
      ) {
        return;
      }
      const chosen = await chooseExperiment(argument, 'Export Step as ONNX');
      if (chosen) await exportStep(chosen, means);
    },
    'ebm.newExperiment': () => newExperiment(means),
    'ebm.checkExperiment': async (argument) => {
      const why =
        'The experiment’s code is executed to check it, so nothing is checked before you trust this workspace.';
      if (!launcher.isAllowed(why)) return;
      const chosen = await chooseExperiment(argument, 'Check Experiment');
      if (chosen) await checkExperiment(chosen, means);
    },
    'ebm.installGpuBackend': async () => {
      const allowed = launcher.isAllowed(
        'The GPU backend is for runs, which start in a trusted workspace only.',
      );
      if (allowed) await installGpuBackend(means);
    },
    'ebm.inspectRun': async (argument) => {
      const run = typeof argument === 'string' ? store.find(argument) : undefined;
      if (run) means.panels.show(run);
      else await inspector.chooseRun();
    },
    'ebm.showLog': async (argument) => {
      const run = typeof argument === 'string' ? store.find(argument) : means.panels.activeRun;
      if (run) await openLog(run.directory);
      else log.show();
    },
  } satisfies Partial<CommandTable>;
}

/** Launches a run's experiment as it is on disk now, with its changes and more, as its child. */
export async function rerun(launcher: Launcher, run: Run, changes: JsonObject = {}): Promise<void> {
  if (!launcher.isAllowed()) return;
  const { file } = run.manifest.experiment;
  const chosen = await chooseExperiment(vscode.Uri.file(file));
  if (!chosen) return;
  await launcher.launch({
    task: {
      kind: 'begin',
      experiment: chosen.file,
      overrides: { ...overridesForRerun(run.manifest), ...changes },
      parent: run.id,
    },
    folder: chosen.folder,
  });
}

/** Launches what a run was made of, from its kept source and seed, as its child. */
async function rerunExactly(launcher: Launcher, run: Run): Promise<void> {
  if (!launcher.isAllowed()) return;
  await launcher.launch({
    task: {
      kind: 'begin',
      experiment: run.manifest.experiment.file,
      overrides: {},
      exactly: run.directory,
    },
    folder: folderOf(run),
  });
}

/** The run that an argument names, else the active panel's, else the newest; says so if there is none. */
function targetRun({ store, panels, notifications }: RunCommandMeans, argument: unknown) {
  const run = typeof argument === 'string' ? store.find(argument) : panels.activeRun;
  const meant = run ?? store.runs[0];
  if (!meant) notifications.inform('There is no run to repeat yet. Launch one first.');
  return meant;
}

/** What the buttons of a run's panel do. */
export async function actOnRun(run: Run, action: PanelAction, launcher: Launcher): Promise<void> {
  switch (action) {
    case 'pause':
    case 'resume':
    case 'step':
    case 'stop':
    case 'takeOver':
      return await ask(run, action, launcher);
    case 'rerun':
      return await rerun(launcher, run);
    case 'rerunWithChanges':
      await vscode.commands.executeCommand('ebm.rerunWithChanges', run.directory);
      return;
    case 'openSource':
      await vscode.window.showTextDocument(vscode.Uri.file(run.manifest.experiment.file), {
        viewColumn: vscode.ViewColumn.One,
      });
      return;
    case 'openFolder':
      return await revealFolder(run.directory);
    case 'showLog':
      return await openLog(run.directory);
  }
}

/** What a trainer is asked for by one word. */
type PlainVerb = Exclude<RunVerb, 'change'>;

async function askRun(means: RunCommandMeans, verb: PlainVerb, argument: unknown): Promise<void> {
  const run = await askedRun(means, verb, argument);
  if (!run) return;
  await ask(run, verb, means.launcher);
  if (verb === 'checkpoint') {
    vscode.window.setStatusBarMessage(`$(save) Checkpoint of ‘${run.name}’ written`, 5_000);
  }
}

/** The run that is to be asked; where there is none, the user is told why. */
async function askedRun(
  means: RunCommandMeans,
  verb: RunVerb,
  argument: unknown,
): Promise<Run | undefined> {
  const { store, panels, notifications } = means;
  const named = typeof argument === 'string' ? store.find(argument) : undefined;
  const able = candidates(named ? [named] : store.runs, panels.activeRun, verb);
  if (able.length === 0) {
    const watched = (named ? [named] : store.runs).find((run) => run.isWatchedOnly);
    if (watched) explainWatched(watched, means);
    else notifications.inform(nothingTo[verb]);
    return undefined;
  }
  return able.length === 1 ? able[0] : await chooseRun(able, verb);
}

function explainWatched(run: Run, { notifications }: RunCommandMeans): void {
  notifications.inform(`Another window controls ‘${run.name}’; this one only watches it.`, [
    { title: 'Take Over', run: () => run.controller?.takeOver() },
  ]);
}

async function ask(run: Run, verb: PlainVerb, launcher: Launcher): Promise<void> {
  if (verb === 'resume' && !run.isLiving) return await resume(launcher, run);
  await controllerOf(run)[verb]();
}

/** Goes on with a run that has ended before its time. */
async function resume(launcher: Launcher, run: Run): Promise<void> {
  if (launcher.isAllowed()) await launcher.resume(run, folderOf(run));
}

/** @throws ProblemError where the run does not lie in this workspace any more */
function folderOf(run: Run): string {
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(run.directory));
  if (folder) return folder.uri.fsPath;
  throw new ProblemError({
    kind: 'environment',
    message: `‘${run.name}’ does not lie in a folder of this workspace.`,
    remedy: 'Open the folder that holds it.',
  });
}

async function chooseRun(runs: readonly Run[], verb: RunVerb): Promise<Run | undefined> {
  const items = runs.map((run) => ({
    label: `${statusIcon(run.state, run.contact)} ${run.name}`,
    description: [distinctionOf(run, runs, Date.now()), progressText(run.state)]
      .filter((part) => part !== '')
      .join(' · '),
    run,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    placeHolder: `Which run do you want to ${doing[verb]}?`,
  });
  return chosen?.run;
}

/** The newest run, or the newest of the experiment that the argument names. */
function lastRun(store: RunStore, argument: unknown): Run | undefined {
  if (typeof argument === 'string') return store.find(argument);
  if (!(argument instanceof vscode.Uri) || argument.scheme !== 'file') return store.runs[0];
  return store.runs.find(({ manifest }) => manifest.experiment.file === argument.fsPath);
}
