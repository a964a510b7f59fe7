import * as vscode from 'vscode';
import { problemOf } from '../../protocol/problem';
import { lastValues } from '../../run-directory/last-values';
import { groupRuns, summarizeGroup } from '../../run-directory/run-group';
import type { Log } from '../log';
import type { RunStore } from '../runs/run-store';
import { sweepSummaryText } from './sweep-summary';

const scheme = 'ebm-sweep';

/** Read-only documents of sweeps: how their runs compare. */
export class SweepDocuments implements vscode.TextDocumentContentProvider {
  readonly #store: RunStore;
  readonly #log: Log;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;

  constructor(store: RunStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  register(): vscode.Disposable {
    const registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
    return vscode.Disposable.from(this.#changed, registration);
  }

  /** Shows how the runs of a sweep compare now. */
  async show({ id, name }: { readonly id: string; readonly name: string }): Promise<void> {
    const file = name.replaceAll(/[\\/:]+/g, '-');
    const uri = vscode.Uri.from({ scheme, path: `/${file}.md`, query: JSON.stringify({ id }) });
    const isOpen = vscode.workspace.textDocuments.some(
      (document) => document.uri.toString() === uri.toString(),
    );
    // One that is open already is of an earlier time.
    if (isOpen) this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { id } = (JSON.parse(uri.query) ?? {}) as { id?: unknown };
    const group = groupRuns(this.#store.runs).find((one) => one.id === id);
    // Anybody may make such a link, and the runs may be gone.
    if (!group) return 'No run of this sweep is in this workspace.\n';
    const runs = await Promise.all(
      group.runs.map(async ({ directory, manifest }) => ({
        directory,
        manifest,
        last: await this.#lastOf(directory),
      })),
    );
    return sweepSummaryText({ ...group, runs }, summarizeGroup(runs));
  }

  /** None where they cannot be read: one bad file does not hide how the others compare. */
  async #lastOf(directory: string): Promise<Record<string, number>> {
    try {
      return await lastValues(directory);
    } catch (error) {
      this.#log.warn(problemOf(error, 'storage').message);
      return {};
    }
  }
}
