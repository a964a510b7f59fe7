import path from 'node:path';
import * as vscode from 'vscode';
import { ProblemError, problemOf } from '../../protocol/problem';
import { archiveOf, archiveRun, removeRun, restoreRun } from '../../run-directory/archive';
import { diskUse, sizeText } from '../../run-directory/disk-use';
import { listRuns, nameOf } from '../../run-directory/listing';
import { timeText } from '../views/run-text';
import { canBeAsked } from './applicable-runs';
import type { CommandTable } from './command-table';
import { type RunPlaces, targetDirectories, targetRuns } from './target-runs';

/** Archiving, restoring and deleting runs, and what they take of the disk. */
export function archiveCommands(places: RunPlaces) {
  return {
    'ebm.archiveRuns': async (argument, selection) =>
      archive(places, await targetPlaces(places, argument, selection, 'Archive Run')),
    'ebm.deleteRuns': async (argument, selection) =>
      deleteRuns(places, await targetPlaces(places, argument, selection, 'Delete Run')),
    'ebm.restoreRuns': () => restore(places),
    'ebm.showDiskUse': () => showDiskUse(places),
  } satisfies Partial<CommandTable>;
}

/** Directories, also of runs that cannot be opened. */
async function targetPlaces(
  places: RunPlaces,
  argument: unknown,
  selection: unknown,
  title: string,
): Promise<readonly string[]> {
  const meant = targetDirectories(places, argument, selection).filter((directory) =>
    places.store.contains(directory),
  );
  if (meant.length > 0) return meant;
  return (await targetRuns(places, argument, selection, title)).map(({ directory }) => directory);
}

async function archive(places: RunPlaces, directories: readonly string[]): Promise<void> {
  await moveAll(places, directories, async (directory) => {
    await archiveRun(directory);
  });
}

async function deleteRuns(places: RunPlaces, directories: readonly string[]): Promise<void> {
  const { store } = places;
  if (directories.length === 0) return;
  refuseLiving(places, directories);
  const sizes = await Promise.all(directories.map((directory) => diskUse(directory)));
  const lines = directories.map(
    (directory, k) =>
      `${store.find(directory)?.name ?? path.basename(directory)} (${sizeText(sizes[k]!)})`,
  );
  const total = sizeText(sizes.reduce((sum, size) => sum + size, 0));
  const one = directories.length === 1;
  const shown = [...lines.slice(0, 10), ...(lines.length > 10 ? ['…'] : [])].join('\n');
  const agreed = await vscode.window.showWarningMessage(
    one ? `Delete the run ${lines[0]}?` : `Delete ${directories.length} runs, ${total}?`,
    {
      modal: true,
      detail: `${one ? '' : `${shown}\n\n`}It goes to the trash where this system has one.`,
    },
    'Delete',
  );
  if (agreed !== 'Delete') return;
  let forGood: boolean | undefined;
  await moveAll(places, directories, (directory) =>
    removeRun(directory, async (place) => {
      const uri = vscode.Uri.file(place);
      if (forGood !== true) {
        try {
          await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
          return;
        } catch {
          // A server or a container has no trash.
          forGood ??= await agreesToDeleteForGood(one ? lines[0]! : `${directories.length} runs`);
          if (!forGood) return Promise.reject(new vscode.CancellationError());
        }
      }
      await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: false });
    }),
  );
}

async function agreesToDeleteForGood(what: string): Promise<boolean> {
  const chosen = await vscode.window.showWarningMessage(
    `There is no trash here. Delete ${what} for good?`,
    { modal: true, detail: 'Nothing brings it back.' },
    'Delete for Good',
  );
  return chosen === 'Delete for Good';
}

/** Does something to each run that takes it away; the others too where one cannot be. */
async function moveAll(
  places: RunPlaces,
  directories: readonly string[],
  action: (directory: string) => Promise<void>,
): Promise<void> {
  const { store, panels, notifications } = places;
  refuseLiving(places, directories);
  for (const directory of directories) {
    store.reserve(directory);
    try {
      await action(directory);
      panels.close(directory);
      store.drop(directory);
    } catch (error) {
      if (error instanceof vscode.CancellationError) return;
      notifications.problem(problemOf(error, 'storage'));
    } finally {
      store.release(directory);
    }
  }
}

/** @throws ProblemError of kind `worker` that names the first of them in training */
function refuseLiving({ store }: RunPlaces, directories: readonly string[]): void {
  const living = directories
    .map((each) => store.find(each))
    .find((run) => run && !canBeAsked(run, 'archive'));
  if (!living) return;
  throw new ProblemError({
    kind: 'worker',
    message: `‘${living.name}’ is in training, so nothing was moved or deleted.`,
    remedy: 'Stop it first.',
  });
}

async function restore({ store, notifications }: RunPlaces): Promise<void> {
  const now = Date.now();
  const archived = await Promise.all(
    store.folders.map(async (runs) =>
      (await listRuns(archiveOf(runs))).map((listing) => ({
        label: 'manifest' in listing ? nameOf(listing) : path.basename(listing.directory),
        description: 'manifest' in listing ? timeText(listing.manifest.createdAt, now) : 'broken',
        detail: path.basename(listing.directory),
        directory: listing.directory,
        runs,
      })),
    ),
  );
  if (archived.flat().length === 0) {
    notifications.inform('There is no archived run in this workspace.');
    return;
  }
  const chosen = await vscode.window.showQuickPick(archived.flat(), {
    title: 'Restore Archived Runs',
    placeHolder: 'Which runs?',
    canPickMany: true,
    matchOnDetail: true,
  });
  for (const { directory, runs } of chosen ?? []) {
    await store.refresh(await restoreRun(directory, runs));
  }
}

async function showDiskUse(places: RunPlaces): Promise<void> {
  const { store } = places;
  const directories = [...store.runs, ...store.broken].map(({ directory }) => directory);
  const items = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Measuring runs', cancellable: true },
    async (progress, token) => {
      const measured: { directory: string; bytes: number }[] = [];
      for (const directory of directories) {
        if (token.isCancellationRequested) return undefined;
        measured.push({ directory, bytes: await diskUse(directory) });
        progress.report({ increment: 100 / directories.length });
      }
      return measured.sort((a, b) => b.bytes - a.bytes);
    },
  );
  if (!items) return;
  const total = sizeText(items.reduce((sum, { bytes }) => sum + bytes, 0));
  const chosen = await vscode.window.showQuickPick(
    items.map(({ directory, bytes }) => ({
      label: store.find(directory)?.name ?? path.basename(directory),
      description: sizeText(bytes),
      detail: path.basename(directory),
      directory,
    })),
    {
      title: `Disk Use of ${items.length === 1 ? 'one run' : `${items.length} runs`}: ${total}`,
      placeHolder: 'Tick runs to archive or delete them',
      canPickMany: true,
      matchOnDetail: true,
    },
  );
  if (!chosen || chosen.length === 0) return;
  const ticked = chosen.map(({ directory }) => directory);
  const what = await vscode.window.showQuickPick(['Archive', 'Delete…'], {
    title: ticked.length === 1 ? chosen[0]!.label : `${ticked.length} runs`,
  });
  if (what === 'Archive') await archive(places, ticked);
  if (what === 'Delete…') await deleteRuns(places, ticked);
}
