import path from 'node:path';
import * as vscode from 'vscode';
import type { WantedBackend } from '../../protocol/backends';
import { problemOf } from '../../protocol/problem';
import { settingDefaults } from '../manifest';
import type { RunPanels } from '../panel/run-panels';
import { type LaunchMeans, type LaunchRequest, launchRun, resumeRun } from '../runs/launch';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import type { ExperimentDiagnostics } from '../views/experiment-diagnostics';
import type { NotificationAction, Notifications } from '../views/notifications';
import { configuredNode, settingsOf } from './configured-node';

/** The program that trains, and what it may find beside itself. */
export interface TrainerProgram {
  /** The trainer's script. */
  readonly script: string;
  /** The folder with packages that were installed on the user's consent; it may not exist. */
  readonly packages: string;
}

export interface LauncherMeans {
  readonly store: RunStore;
  readonly panels: RunPanels;
  readonly diagnostics: ExperimentDiagnostics;
  readonly notifications: Notifications;
  readonly log: vscode.LogOutputChannel;
  readonly trainer: TrainerProgram;
}

/** Launches runs in front of the user: progress with a way out, then the panel or one clear message. */
export class Launcher {
  readonly #means: LauncherMeans;

  constructor(means: LauncherMeans) {
    this.#means = means;
  }

  /** Whether experiments may be executed here; if not, says why and offers what helps. */
  isAllowed(
    why = 'A run executes the experiment’s code, so none starts before you trust this workspace. Runs that are there already can be inspected.',
  ): boolean {
    if (vscode.workspace.isTrusted) return true;
    this.#means.notifications.inform(why, [
      {
        title: 'Manage Workspace Trust',
        run: () => vscode.commands.executeCommand('workbench.trust.manage'),
      },
    ]);
    return false;
  }

  /** Starts a run and shows its panel. Ends in one message when it cannot begin, never throws. */
  async launch(request: LaunchRequest): Promise<void> {
    const name = path.basename(request.experiment);
    await this.#begin({ title: `Launching ${name}`, experiment: request.experiment }, (means) =>
      launchRun(request, means),
    );
  }

  /** Goes on with a run that has ended and shows its panel. Never throws. */
  async resume(run: Run, folder: string): Promise<void> {
    const { file } = run.manifest.experiment;
    await this.#begin({ title: `Resuming ‘${run.name}’`, experiment: file }, (means) =>
      resumeRun(run, folder, means),
    );
  }

  async #begin(
    { title, experiment }: { readonly title: string; readonly experiment: string },
    start: (means: LaunchMeans) => Promise<Run>,
  ): Promise<void> {
    const { panels, diagnostics, log } = this.#means;
    diagnostics.clear(experiment);
    const cancellation = new AbortController();
    try {
      const run = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        async (progress, token) => {
          token.onCancellationRequested(() => cancellation.abort());
          const means = await this.#launchMeans(experiment, cancellation.signal);
          return await start({
            ...means,
            onState: ({ phase }) => phase !== undefined && progress.report({ message: phase }),
          });
        },
      );
      log.info(`‘${run.name}’ trains in ${run.directory}`);
      panels.show(run);
    } catch (error) {
      if (cancellation.signal.aborted) log.info(`${title}: cancelled.`);
      else await this.explain(error);
    }
  }

  async #launchMeans(experiment: string, signal: AbortSignal): Promise<LaunchMeans> {
    const { store, trainer, log } = this.#means;
    const settings = settingsOf(experiment);
    const node = await configuredNode(experiment);
    const backend = settings.get<WantedBackend>('ebm.backend', settingDefaults['ebm.backend']);
    log.info(`Starting ${experiment} with Node.js ${node.version} (${node.path})`);
    const seconds = settings.get<number>(
      'ebm.startTimeoutSeconds',
      settingDefaults['ebm.startTimeoutSeconds'],
    );
    return { store, node, ...trainer, backend, timeoutMs: seconds * 1000, signal };
  }

  /** Says what went wrong, at its place in the experiment where it has one. Never throws. */
  async explain(error: unknown): Promise<void> {
    const { diagnostics, notifications, log } = this.#means;
    const problem = problemOf(error);
    const { location } = problem;
    const actions: NotificationAction[] = [notifications.showLog];
    if (location) {
      await diagnostics
        .show(problem)
        .catch((failure: unknown) => log.warn(`No squiggle: ${problemOf(failure).message}`));
      const { file, line, column } = location;
      const position = new vscode.Position(Math.max(0, line - 1), Math.max(0, column - 1));
      actions.unshift({
        title: 'Open',
        run: () =>
          vscode.window.showTextDocument(vscode.Uri.file(file), {
            selection: new vscode.Range(position, position),
          }),
      });
    }
    notifications.problem(problem, actions);
  }
}
