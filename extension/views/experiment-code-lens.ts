import * as vscode from 'vscode';
import type { CommandId } from '../manifest';
import type { RunStore } from '../runs/run-store';
import { experimentLine, sweepLine } from './experiment-line';

/** ‘Launch Run’ and its kin above an experiment's `export default`. */
export class ExperimentCodeLens implements vscode.CodeLensProvider {
  readonly #store: RunStore;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: { dispose(): void };
  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(store: RunStore) {
    this.#store = store;
    this.#subscription = store.onDidChangeSet(() => this.#changed.fire());
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const line = experimentLine(document.getText());
    if (line === undefined) return [];
    const range = new vscode.Range(line, 0, line, 0);
    const lens = (title: string, command: CommandId, argument: unknown) =>
      new vscode.CodeLens(range, { title, command, arguments: [argument] });
    const lenses = [
      lens('$(run) Launch Run', 'ebm.launchRun', document.uri),
      lens('$(checklist) Check', 'ebm.checkExperiment', document.uri),
    ];
    const run = this.#store.runs.find(
      ({ manifest }) => manifest.experiment.file === document.uri.fsPath,
    );
    if (run) {
      lenses.push(
        lens('$(debug-restart) Rerun', 'ebm.rerunLastRun', document.uri),
        lens('$(graph-line) Show Panel', 'ebm.inspectRun', run.directory),
      );
    }
    const sweep = sweepLine(document.getText());
    if (sweep !== undefined) {
      const command: CommandId = 'ebm.launchSweep';
      const title = '$(run-all) Launch Sweep';
      lenses.push(
        new vscode.CodeLens(new vscode.Range(sweep, 0, sweep, 0), {
          ...{ title, command, arguments: [document.uri] },
        }),
      );
    }
    return lenses;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
