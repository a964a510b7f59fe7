import path from 'node:path';
import * as vscode from 'vscode';
import type { WantedBackend } from '../../protocol/backends';
import { problemOf } from '../../protocol/problem';
import { settingDefaults } from '../manifest';
import type { RunPanels } from '../panel/run-panels';
import { type LaunchRequest, launchRun } from '../runs/launch';
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
    const { panels, diagnostics, log } = this.#means;
    const name = path.basename(request.experiment);
    diagnostics.clear(request.experiment);
    const cancellation = new AbortController();
    try {
      const run = await vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          title: `Launching ${name}`,
          cancellable: true,
        },
        async (progress, token) => {
          token.onCancellationRequested(() => cancellation.abort());
          return await this.#start(request, cancellation.signal, (message) =>
            progress.report({ message }),
          );
        },
      );
      log.info(`‘${run.name}’ trains in ${run.directory}`);
      panels.show(run);
    } catch (error) {
      if (cancellation.signal.aborted) log.info(`The launch of ${name} was cancelled.`);
      else await this.explain(error);
    }
  }

  async #start(request: LaunchRequest, signal: AbortSignal, report: (phase: string) => void) {
    const { store, trainer, log } = this.#means;
    const settings = settingsOf(request.experiment);
    const node = await configuredNode(request.experiment);
    const backend = settings.get<WantedBackend>('ebm.backend', settingDefaults['ebm.backend']);
    log.info(`Launching ${request.experiment} with Node.js ${node.version} (${node.path})`);
    const seconds = settings.get<number>(
      'ebm.startTimeoutSeconds',
      settingDefaults['ebm.startTimeoutSeconds'],
    );
    return await launchRun(request, {
      store,
      node,
      ...trainer,
      backend,
      timeoutMs: seconds * 1000,
      signal,
      onState: ({ phase }) => phase !== undefined && report(phase),
    });
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
