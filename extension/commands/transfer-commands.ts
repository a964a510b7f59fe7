import path from 'node:path';
import * as vscode from 'vscode';
import { type ExportMeans, exportMetrics, exportRun } from '../../run-directory/export-run';
import { importRun } from '../../run-directory/import-run';
import type { CommandTable } from './command-table';
import { type RunPlaces, targetRuns } from './target-runs';

/** Runs as files that leave the folder. */
export function transferCommands(places: RunPlaces) {
  return {
    'ebm.exportRun': (argument, selection) =>
      exportAs(places, argument, selection, {
        title: 'Export Run',
        extension: 'zip',
        filters: { 'ZIP archives': ['zip'] },
        write: async (directory, target, means) => {
          await exportRun(directory, target, means);
        },
      }),
    'ebm.exportMetrics': (argument, selection) =>
      exportAs(places, argument, selection, {
        title: 'Export Metrics',
        extension: 'csv',
        filters: { 'CSV tables': ['csv'] },
        write: exportMetrics,
      }),
    'ebm.importRun': () => importOne(places),
  } satisfies Partial<CommandTable>;
}

interface ExportKind {
  readonly title: string;
  readonly extension: string;
  readonly filters: Record<string, string[]>;
  readonly write: (directory: string, target: string, means: ExportMeans) => Promise<void>;
}

async function exportAs(
  places: RunPlaces,
  argument: unknown,
  selection: unknown,
  { title, extension, filters, write }: ExportKind,
): Promise<void> {
  const [run] = await targetRuns(places, argument, selection, title);
  if (!run) return;
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(run.directory))?.uri;
  const name = `${path.basename(run.directory)}.${extension}`;
  const uri = await vscode.window.showSaveDialog({
    title,
    filters,
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}),
  });
  if (!uri) return;
  const abort = new AbortController();
  const place = vscode.ProgressLocation.Notification;
  await vscode.window.withProgress(
    { location: place, title: `Exporting ‘${run.name}’`, cancellable: true },
    async (progress, token) => {
      token.onCancellationRequested(() => abort.abort());
      let told = 0;
      const onProgress = (done: number, all: number) => {
        const percent = Math.floor((100 * done) / all);
        if (percent > told) progress.report({ increment: percent - told });
        told = Math.max(told, percent);
      };
      try {
        await write(run.directory, uri.fsPath, { signal: abort.signal, onProgress });
      } catch (error) {
        if (!abort.signal.aborted) throw error;
      }
    },
  );
  if (abort.signal.aborted) return;
  places.notifications.inform(`‘${run.name}’ was exported to ${path.basename(uri.fsPath)}.`);
}

async function importOne({ store, panels, notifications }: RunPlaces): Promise<void> {
  const [runs] = store.folders;
  if (runs === undefined) {
    notifications.inform('No folder is open, so there is nowhere to keep a run.');
    return;
  }
  // Not every system has a dialog that takes both.
  const archive = { label: '$(file-zip) Archive…', description: 'as exported', isFolder: false };
  const folder = { label: '$(folder) Folder…', description: 'a run directory', isFolder: true };
  const title = 'Import Run';
  const kind = await vscode.window.showQuickPick([archive, folder], { title });
  if (!kind) return;
  const [source] =
    (await vscode.window.showOpenDialog({
      title,
      openLabel: 'Import',
      canSelectFolders: kind.isFolder,
      canSelectFiles: !kind.isFolder,
      ...(kind.isFolder ? {} : { filters: { 'ZIP archives': ['zip'] } }),
    })) ?? [];
  if (!source) return;
  const abort = new AbortController();
  const place = vscode.ProgressLocation.Notification;
  const name = path.basename(source.fsPath);
  await vscode.window.withProgress(
    { location: place, title: `Importing ${name}`, cancellable: true },
    async (_, token) => {
      token.onCancellationRequested(() => abort.abort());
      try {
        const directory = await importRun(source.fsPath, runs, abort.signal);
        await store.refresh(directory);
        const run = store.find(directory);
        if (run) panels.show(run);
      } catch (error) {
        if (!abort.signal.aborted) throw error;
      }
    },
  );
}
