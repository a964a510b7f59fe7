import path from 'node:path';
import * as vscode from 'vscode';
import type { WantedBackend } from '../../protocol/backends';
import { problemOf } from '../../protocol/problem';
import { type CommandId, settingDefaults } from '../manifest';
import type { OpeningPanel, RunPanels } from '../panel/run-panels';
import { ebmAnswer } from '../processes/trainer-command';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import type { ExperimentDiagnostics } from '../views/experiment-diagnostics';
import type { NotificationAction, Notifications } from '../views/notifications';
import { checkedCount } from './checked-count';
import { configuredNode, settingsOf } from './configured-node';
import { type LaunchMeans, type LaunchRequest, launchRun, resumeRun } from './launch';
import { RunQueue } from './run-queue';

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

/** The setting that says how many runs train at once. */
const concurrency = 'ebm.maxConcurrentRuns';

/** How long copying an experiment's files may take. */
const keepingMs = 60_000;

/** Launches runs in front of the user: progress with a way out, then the panel or one clear message. */
export class Launcher {
  readonly #means: LauncherMeans;
  /** What is launched while enough runs train waits in it. */
  readonly queue: RunQueue;

  constructor(means: LauncherMeans) {
    this.#means = means;
    const { store, notifications } = means;
    this.queue = new RunQueue({
      folders: () =>
        (vscode.workspace.workspaceFolders ?? [])
          .filter(({ uri }) => uri.scheme === 'file')
          .map(({ uri }) => uri.fsPath),
      living: () => store.runs.filter(({ isLiving }) => isLiving).length,
      limit: () => checkedCount(concurrency, vscode.workspace.getConfiguration().get(concurrency)),
      mayStart: () => vscode.workspace.isTrusted,
      keepSource: (request, folder) => this.#keepSource(request, folder),
      start: (request) => this.#start(request),
      warn: (problem) => notifications.warn(problem),
    });
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

  /**
   * Starts a run and shows its panel, or queues it while as many runs train as may. Ends in one
   * message when it cannot begin, never throws.
   */
  async launch(request: LaunchRequest): Promise<void> {
    try {
      const place = await this.queue.launch(request);
      if (place === 0) return;
      const name = path.basename(request.task.experiment);
      this.#means.notifications.inform(
        `${name} waits for its turn (place ${place}), as it is now: what you edit meanwhile does not change it.`,
        [
          {
            title: 'Show Queue',
            run: () => vscode.commands.executeCommand('ebm.showQueue' satisfies CommandId),
          },
        ],
      );
    } catch (error) {
      await this.explain(error);
    }
  }

  async #start(request: LaunchRequest): Promise<void> {
    const { name } = request;
    const { experiment } = request.task;
    // One that had to wait begins while somebody does something else: no panel opens by itself.
    const shown = {
      title: `Launching ${path.basename(experiment)}`,
      experiment,
      shows: name === undefined,
    };
    await this.#begin(shown, (means) => launchRun(request, means));
  }

  async #keepSource({ task, folder }: LaunchRequest, to: string): Promise<string> {
    const { experiment } = task;
    const { source } = await ebmAnswer<{ readonly source: string }>({
      node: await configuredNode(experiment),
      ...this.#means.trainer,
      args: ['keep-source', experiment, to],
      cwd: folder,
      signal: AbortSignal.timeout(keepingMs),
    });
    return source;
  }

  /** Shows the panel of a run that has ended, and goes on with it. Never throws. */
  async resume(run: Run, folder: string): Promise<void> {
    const { file } = run.manifest.experiment;
    this.#means.panels.show(run);
    const shown = { title: `Resuming ‘${run.name}’`, experiment: file, shows: false };
    await this.#begin(shown, (means) => resumeRun(run, folder, means));
  }

  async #begin(
    {
      title,
      experiment,
      shows,
    }: { readonly title: string; readonly experiment: string; readonly shows: boolean },
    start: (means: LaunchMeans) => Promise<Run>,
  ): Promise<void> {
    const { panels, diagnostics, log } = this.#means;
    diagnostics.clear(experiment);
    const cancellation = new AbortController();
    let panel: OpeningPanel | undefined;
    try {
      const run = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        async (progress, token) => {
          token.onCancellationRequested(() => cancellation.abort());
          const means = await this.#launchMeans(experiment, cancellation.signal);
          return await start({
            ...means,
            onState: ({ phase, isTried }) => {
              if (phase === undefined) return;
              progress.report({ message: phase });
              // What may still be wrong with an experiment needs no panel; what takes time does.
              if (shows && isTried) panel ??= panels.open(path.basename(experiment));
              panel?.say(`${title}: ${phase} …`);
            },
          });
        },
      );
      log.info(`‘${run.name}’ trains in ${run.directory}`);
      if (panel) panel.show(run);
      else if (shows) panels.show(run);
    } catch (error) {
      panel?.close();
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
