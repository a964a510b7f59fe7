import * as vscode from 'vscode';
import { problemOf } from '../../protocol/problem';
import { lastValues } from '../../run-directory/last-values';
import { groupRuns, summarizeGroup } from '../../run-directory/run-group';
import type { Log } from '../log';
import type { RunStore } from '../runs/run-store';
import { sweepSummaryText } from './sweep-summary';

const scheme = 'ebm-sweep';
/** The editor's own, which may be switched off. */
const markdownExtension = 'vscode.markdown-language-features';

/** Read-only documents of sweeps: how their runs compare. */
export class SweepDocuments implements vscode.TextDocumentContentProvider {
  readonly #store: RunStore;
  readonly #log: Log;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  /** The documents that were shown, by their sweep's id. */
  readonly #shown = new Map<string, vscode.Uri>();

  constructor(store: RunStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  register(): vscode.Disposable {
    const registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
    const ends = this.#store.onDidEndRun(({ manifest }) => {
      const uri = this.#shown.get(manifest.group?.id ?? '');
      if (uri) this.#changed.fire(uri);
    });
    return vscode.Disposable.from(this.#changed, registration, ends);
  }

  /** Shows how the runs of a sweep compare now. */
  async show({ id, name }: { readonly id: string; readonly name: string }): Promise<void> {
    const file = name.replaceAll(/[\\/:]+/g, '-');
    const uri = vscode.Uri.from({ scheme, path: `/${file}.md`, query: JSON.stringify({ id }) });
    this.#shown.set(id, uri);
    // One that is open already is of an earlier time.
    this.#changed.fire(uri);
    // As a page with tables, else as text.
    if (vscode.extensions.getExtension(markdownExtension)) {
      await vscode.commands.executeCommand('markdown.showPreview', uri);
    } else await vscode.window.showTextDocument(uri, { preview: true });
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
