import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { configuredNode } from '../launching/configured-node';
import type { Launcher, TrainerProgram } from '../launching/launcher';
import { experimentSuffix } from '../manifest';
import { ebmAnswer } from '../processes/trainer-command';
import { openFolder } from './choose-experiment';

export interface NewExperimentMeans {
  readonly launcher: Launcher;
  readonly log: vscode.LogOutputChannel;
  readonly trainer: TrainerProgram;
}

/** A kind of data as `ebm new --list --json` offers it. */
interface OfferedData {
  readonly name: string;
  readonly label: string;
  readonly detail: string;
  readonly extensions: readonly string[];
  readonly isFolder: boolean;
}

/** What `ebm new DATA --list --json` says of data. */
interface Offer {
  readonly methods: readonly {
    readonly name: string;
    readonly label: string;
    readonly detail: string;
  }[];
  readonly fileName: string;
}

/** Data files of the workspace that are offered by themselves. */
const mostFiles = 50;

/**
 * **EBM: New Experiment…**: asks for the data, then for one of the methods that these allow, then where
 * to; writes the experiment there and opens it. Ends in one message when it cannot.
 *
 * @throws ProblemError `environment` where no folder is open
 */
export async function newExperiment(means: NewExperimentMeans): Promise<void> {
  const folder = openFolder();
  const cancellation = new AbortController();
  try {
    const ask = await newCommand(means, folder, cancellation);
    const { data: kinds } = await ask<{ readonly data: readonly OfferedData[] }>('--list');
    const data = await chooseData(kinds, folder);
    if (data === undefined) return;
    const { methods, fileName } = await ask<Offer>('--list', '--', data);
    const method = await vscode.window.showQuickPick(
      methods.map(({ name, label, detail }) => ({ label, detail, name })),
      {
        title: 'New Experiment: Method',
        placeHolder: 'How is it to be learned? The first suits these data best',
        matchOnDetail: true,
      },
    );
    if (!method) return;
    const target = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.file(freeName(folder, fileName)),
      // A dialog knows the last part of a name's ending alone.
      filters: { Experiment: ['ts'] },
      title: 'New Experiment: Save As',
    });
    if (!target) return;
    const { file } = await ask<{ readonly file: string }>(
      ...['--objective', method.name, '--output', withSuffix(target.fsPath), '--', data],
    );
    await vscode.window.showTextDocument(vscode.Uri.file(file));
  } catch (error) {
    if (cancellation.signal.aborted) means.log.info('The new experiment was cancelled.');
    else await means.launcher.explain(error);
  }
}

/** Asks `ebm new` something, with progress and a way out where it takes long. */
async function newCommand(
  { trainer }: NewExperimentMeans,
  folder: string,
  cancellation: AbortController,
) {
  const node = await configuredNode(folder);
  return async <T extends object>(...args: readonly string[]): Promise<T> =>
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: 'Looking at the data',
        cancellable: true,
      },
      async (_, token) => {
        token.onCancellationRequested(() => cancellation.abort());
        return await ebmAnswer<T>({
          ...trainer,
          node,
          args: ['new', '--json', ...args],
          cwd: folder,
          signal: cancellation.signal,
        });
      },
    );
}

/** The name of a kind of data, or the absolute path of a file; undefined where the user chooses none. */
async function chooseData(
  kinds: readonly OfferedData[],
  folder: string,
): Promise<string | undefined> {
  const ends = kinds.flatMap(({ extensions }) => extensions);
  const found = await vscode.workspace.findFiles(
    new vscode.RelativePattern(folder, `**/*{${ends.join(',')}}`),
    '**/{node_modules,.ebm,dist}/**',
    mostFiles,
  );
  const files = found
    .map((uri) => ({
      label: `$(file) ${path.basename(uri.path)}`,
      description: path.dirname(vscode.workspace.asRelativePath(uri, false)),
      choose: async () => uri.fsPath,
    }))
    .sort((a, b) => a.label.localeCompare(b.label));
  const isFile = ({ extensions, isFolder }: OfferedData) => isFolder || extensions.length > 0;
  const item = (kind: OfferedData) => ({
    label: isFile(kind) ? `$(folder-opened) ${kind.label}…` : kind.label,
    description: kind.detail,
    choose: async () => (isFile(kind) ? await choosePlace(kind) : kind.name),
  });
  const heading = (label: string) => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const items: (vscode.QuickPickItem & { choose?: () => Promise<string | undefined> })[] = [
    ...(files.length > 0 ? [heading('in this folder'), ...files] : []),
    heading('your data'),
    ...kinds.filter(isFile).map(item),
    heading('made as they are needed'),
    ...kinds.filter((kind) => !isFile(kind)).map(item),
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'New Experiment: Data',
    placeHolder: 'What is it to learn?',
    matchOnDescription: true,
  });
  return await chosen?.choose?.();
}

async function choosePlace({
  label,
  extensions,
  isFolder,
}: OfferedData): Promise<string | undefined> {
  // A filter knows the last part of a name alone, and that only where there is a dot before it.
  const isFiltered = extensions.every((end) => end.includes('.'));
  const ends = [...new Set(extensions.map((end) => end.slice(end.lastIndexOf('.') + 1)))];
  const [uri] =
    (await vscode.window.showOpenDialog({
      ...(isFolder ? { canSelectFiles: false, canSelectFolders: true } : {}),
      ...(isFiltered && !isFolder ? { filters: { [label]: ends } } : {}),
      title: 'New Experiment: Data',
      openLabel: 'Learn From It',
    })) ?? [];
  return uri?.fsPath;
}

/** A place in the folder where nothing is yet: `two-moons.ebm.ts`, `two-moons-2.ebm.ts`, … */
function freeName(folder: string, fileName: string): string {
  const stem = fileName.slice(0, -experimentSuffix.length);
  for (let n = 1; ; n++) {
    const file = path.join(folder, `${stem}${n === 1 ? '' : `-${n}`}${experimentSuffix}`);
    if (!existsSync(file)) return file;
  }
}

/** Dialogs of some systems take the filter's ending for the whole of it, or leave it out. */
function withSuffix(file: string): string {
  return file.endsWith(experimentSuffix)
    ? file
    : `${file.replace(/(\.ebm)?(\.ts)?$/, '')}${experimentSuffix}`;
}
