import path from 'node:path';
import * as vscode from 'vscode';
import type { SavedKind } from '../../protocol/panel';
import { ProblemError } from '../../protocol/problem';
import type { Run } from '../runs/run';
import { isSaved } from './saved-file';

/** What the editor calls the kinds of files. */
const kindNames: Readonly<Record<SavedKind, string>> = { png: 'PNG', svg: 'SVG', csv: 'CSV' };

/**
 * Writes a picture or a table of a run's page to the file that the user chooses, if they do.
 *
 * @param name what it shows
 * @throws ProblemError where the page sent something else, or the file cannot be written
 */
export async function saveFile(
  run: Run,
  name: string,
  kind: SavedKind,
  bytes: Uint8Array,
): Promise<void> {
  if (!isSaved(name, kind, bytes)) {
    throw new ProblemError({ kind: 'internal', message: 'The page sent nothing to be saved.' });
  }
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(run.directory))?.uri;
  const file = `${path.basename(run.directory)}-${name}.${kind}`;
  const target = await vscode.window.showSaveDialog({
    title: kind === 'csv' ? 'Save Values' : 'Save Picture',
    filters: { [kindNames[kind]]: [kind] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, file) } : {}),
  });
  if (target) await vscode.workspace.fs.writeFile(target, bytes);
}
