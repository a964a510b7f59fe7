import path from 'node:path';
import * as vscode from 'vscode';
import type { Problem } from '../../protocol/problem';
import { workerLog } from '../../run-directory/worker-log';
import type { RunPanels } from '../panel/run-panels';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import { distinctionOf } from '../runs/run-title';
import type { Notifications } from '../views/notifications';
import type { RunDocuments } from '../views/run-documents';
import { ageText, progressText, standingText, statusIcon } from '../views/run-text';

export interface InspectorMeans {
  readonly store: RunStore;
  readonly panels: RunPanels;
  readonly documents: RunDocuments;
  readonly notifications: Notifications;
  readonly rerun: (run: Run) => Promise<void>;
}

type Item = vscode.QuickPickItem & { readonly choose?: () => unknown };

/** Shows what there is of a run: its panel, its configuration, its code then and now, its files. */
export class RunInspector {
  readonly #means: InspectorMeans;

  constructor(means: InspectorMeans) {
    this.#means = means;
  }

  /** Lists all runs, living, finished and broken; then what to see of the chosen one. */
  async chooseRun(): Promise<void> {
    const { store, notifications } = this.#means;
    const { runs, broken } = store;
    if (runs.length + broken.length === 0) {
      notifications.inform(
        'There is no run in this workspace yet. Open an experiment (*.ebm.ts) and launch it with “EBM: Launch Run”.',
      );
      return;
    }
    const now = Date.now();
    const items: Item[] = runs.map((run) => ({
      label: `${statusIcon(run.state, run.contact)} ${run.name}`,
      description: [
        ...[distinctionOf(run, runs, now)].filter((part) => part !== ''),
        standingText(run),
        progressText(run.state),
        ageText(run.manifest.createdAt, now),
      ].join(' · '),
      detail: path.basename(run.directory),
      choose: () => this.chooseView(run),
    }));
    if (broken.length > 0) {
      items.push({ label: 'Cannot be opened', kind: vscode.QuickPickItemKind.Separator });
    }
    for (const { directory, problem } of broken) {
      items.push({
        label: `$(error) ${path.basename(directory)}`,
        description: 'broken',
        detail: problem.message,
        choose: () => this.#explain(directory, problem),
      });
    }
    await choose(items, 'Inspect Run', 'Which run?');
  }

  /** Asks what to see of `run`, and shows it. */
  async chooseView(run: Run): Promise<void> {
    const { panels, documents, rerun } = this.#means;
    const { experiment } = run.manifest;
    const items: Item[] = [
      {
        label: '$(graph-line) Panel',
        description: 'curves, samples, energy landscape',
        choose: () => panels.show(run),
      },
      {
        label: '$(json) Configuration',
        description: 'everything the run was made of',
        choose: () => show(documents.configuration(run)),
      },
      { label: 'History', kind: vscode.QuickPickItemKind.Separator },
      {
        label: '$(debug-restart) Rerun this run',
        description: `${path.basename(experiment.file)} as it is now, with the same changes`,
        choose: () => rerun(run),
      },
      {
        label: '$(history) Rerun exactly',
        description: 'from the kept source, with the same seed',
        choose: () => vscode.commands.executeCommand('ebm.rerunExactly', run.directory),
      },
      {
        label: '$(settings) Rerun with changes…',
        description: 'other values for its parameters',
        choose: () => vscode.commands.executeCommand('ebm.rerunWithChanges', run.directory),
      },
      {
        label: '$(diff) Compare source',
        description: `${path.basename(experiment.file)} then and now`,
        choose: () =>
          vscode.commands.executeCommand(
            'vscode.diff',
            documents.source(run),
            vscode.Uri.file(experiment.file),
            `${path.basename(experiment.file)} (run ${run.id} ↔ now)`,
          ),
      },
      { label: 'Files', kind: vscode.QuickPickItemKind.Separator },
      { label: '$(folder) Reveal folder', choose: () => revealFolder(run.directory) },
      { label: '$(output) Open log', description: workerLog, choose: () => openLog(run.directory) },
      {
        label: '$(file-code) Open kept source',
        description: 'read-only',
        choose: () => show(documents.source(run)),
      },
    ];
    await choose(items, run.name, 'What do you want to see?');
  }

  #explain(directory: string, problem: Problem): void {
    this.#means.notifications.problem(problem, [
      { title: 'Reveal Folder', run: () => revealFolder(directory) },
      this.#means.notifications.showLog,
    ]);
  }
}

/** Shows a run's folder: in the system's file manager, or in the explorer where that is elsewhere. */
export async function revealFolder(directory: string): Promise<void> {
  const isElsewhere =
    vscode.env.remoteName !== undefined || vscode.env.uiKind === vscode.UIKind.Web;
  const command = isElsewhere ? 'revealInExplorer' : 'revealFileInOS';
  await vscode.commands.executeCommand(command, vscode.Uri.file(directory));
}

/** Opens what a run's trainer printed. */
export async function openLog(directory: string): Promise<void> {
  await show(vscode.Uri.file(path.join(directory, workerLog)));
}

async function show(uri: vscode.Uri): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
    preview: true,
  });
}

async function choose(items: readonly Item[], title: string, placeHolder: string): Promise<void> {
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  await chosen?.choose?.();
}
