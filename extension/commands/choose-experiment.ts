import path from 'node:path';
import * as vscode from 'vscode';
import { ProblemError } from '../../protocol/problem';
import { experimentGlob, experimentSuffix } from '../manifest';

/** An experiment to launch: its file as on disk, and the workspace folder that keeps its run. */
export interface ChosenExperiment {
  readonly file: string;
  readonly folder: string;
}

/**
 * The experiment that is meant: the argument (of a menu or a CodeLens), else the active editor's,
 * else the user's choice among those of the workspace. Unsaved changes are saved first.
 *
 * @param title what it is chosen for
 * @returns `undefined` when the user chooses none.
 * @throws ProblemError `environment` that says why nothing can be launched here and what to do.
 */
export async function chooseExperiment(
  argument: unknown,
  title = 'Launch Run',
): Promise<ChosenExperiment | undefined> {
  openFolder();
  const uri =
    argument instanceof vscode.Uri
      ? argument
      : (activeExperiment() ?? (await pickExperiment(title)));
  if (!uri) return undefined;
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (!uri.path.endsWith(experimentSuffix)) {
    throw new ProblemError({
      kind: 'environment',
      message: `${path.basename(uri.path)} is no experiment.`,
      remedy: `Experiments are files that end in ${experimentSuffix}.`,
    });
  }
  if (uri.scheme !== 'file' || !folder || folder.uri.scheme !== 'file') {
    throw new ProblemError({
      kind: 'environment',
      message: `${path.basename(uri.path)} does not lie in a folder of this workspace.`,
      remedy: 'Save it into one, or open the folder that holds it.',
    });
  }
  await save(uri);
  return { file: uri.fsPath, folder: folder.uri.fsPath };
}

/**
 * The first folder of the workspace.
 *
 * @throws ProblemError `environment` where none is open
 */
export function openFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  if (folder) return folder.uri.fsPath;
  throw new ProblemError({
    kind: 'environment',
    message: 'No folder is open, so there is nowhere to keep a run.',
    remedy: 'Open the folder of your experiments (File › Open Folder…).',
  });
}

/** The active tab's file: known as soon as there is a tab, also while its editor is still loading. */
function activeExperiment(): vscode.Uri | undefined {
  const { activeTextEditor, tabGroups } = vscode.window;
  const input = tabGroups.activeTabGroup.activeTab?.input;
  const tab = input instanceof vscode.TabInputText ? input.uri : undefined;
  return [activeTextEditor?.document.uri, tab].find((uri) => uri?.path.endsWith(experimentSuffix));
}

async function pickExperiment(title: string): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles(experimentGlob, '**/{node_modules,.ebm,dist}/**');
  if (found.length === 0) {
    throw new ProblemError({
      kind: 'environment',
      message: 'This workspace has no experiment.',
      remedy: 'Begin one by EBM: New Experiment….',
    });
  }
  const items = found
    .map((uri) => ({
      label: path.basename(uri.path),
      description: path.dirname(vscode.workspace.asRelativePath(uri)),
      uri,
    }))
    .sort((a, b) => a.label.localeCompare(b.label));
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Which experiment?',
    matchOnDescription: true,
  });
  return chosen?.uri;
}

/** Saves the file if it is open with unsaved changes: what is trained is what is on disk. */
async function save(uri: vscode.Uri): Promise<void> {
  const document = vscode.workspace.textDocuments.find(
    (candidate) => candidate.uri.toString() === uri.toString(),
  );
  if (!document?.isDirty || (await document.save())) return;
  throw new ProblemError({
    kind: 'environment',
    message: `${path.basename(uri.path)} has changes that could not be saved.`,
    remedy: 'Save it, then launch it again.',
  });
}
