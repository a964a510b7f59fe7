import path from 'node:path';
import * as vscode from 'vscode';
import { ProblemError } from '../../protocol/problem';
import type { Run } from '../runs/run';

/** The first bytes of every PNG file. */
const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const mostBytes = 2 ** 27;

/**
 * Writes a picture of a run's page to the file that the user chooses, if they do.
 *
 * @param name what it shows, a word
 * @throws ProblemError where the page sent something else than a picture, or the file cannot be written
 */
export async function savePicture(run: Run, name: string, png: Uint8Array): Promise<void> {
  const isPicture =
    png instanceof Uint8Array &&
    png.length <= mostBytes &&
    signature.every((byte, at) => png[at] === byte);
  if (!isPicture || !/^[a-z-]{1,32}$/.test(name)) {
    throw new ProblemError({ kind: 'internal', message: 'The page sent no picture to be saved.' });
  }
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(run.directory))?.uri;
  const file = `${path.basename(run.directory)}-${name}.png`;
  const target = await vscode.window.showSaveDialog({
    title: 'Save Picture',
    filters: { PNG: ['png'] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, file) } : {}),
  });
  if (target) await vscode.workspace.fs.writeFile(target, png);
}
