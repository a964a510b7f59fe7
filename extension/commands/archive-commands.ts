import path from 'node:path';
import * as vscode from 'vscode';
import { type Problem, ProblemError } from '../../protocol/problem';
import { archiveOf, archiveRun, removeRun, restoreRun } from '../../run-directory/archive';
import { diskUse, sizeText } from '../../run-directory/disk-use';
import { listRuns, nameOf } from '../../run-directory/listing';
import { type ManyDone, toEachRun } from '../../run-directory/many-runs';
import { timeText } from '../views/run-text';
import { canBeAsked } from './applicable-runs';
import type { CommandTable } from './command-table';
import { type RunPlaces, selectedElements, targetRuns } from './target-runs';

/** From how many runs on it is asked before they are archived, and shown how far it is. */
const many = 10;

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
  const { store, tree } = places;
  // Of a sweep those of its runs that the tree shows.
  const elements = selectedElements(places, argument, selection).flatMap(
    (element) => tree.sweep(element)?.children ?? [element],
  );
  const meant = [...new Set(elements)].filter((directory) => store.contains(directory));
  if (meant.length > 0) return meant;
  return (await targetRuns(places, argument, selection, title)).map(({ directory }) => directory);
}

async function archive(places: RunPlaces, directories: readonly string[]): Promise<void> {
  if (directories.length === 0) return;
  refuseLiving(places, directories);
  if (directories.length >= many) {
    const title = `Archive ${directories.length} runs?`;
    const detail = 'They can be had back: EBM: Restore Archived Runs.';
    const agreed = await vscode.window.showWarningMessage(
      title,
      { modal: true, detail },
      'Archive',
    );
    if (agreed !== 'Archive') return;
  }
  await moveAll(places, directories, 'Archiving', async (directory) => {
    await archiveRun(directory);
  });
}

async function deleteRuns(places: RunPlaces, directories: readonly string[]): Promise<void> {
  const { store } = places;
  if (directories.length === 0) return;
  refuseLiving(places, directories);
  const sizes = await sizesOf(directories);
  if (!sizes) return;
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
  let forGood: Promise<boolean> | undefined;
  await moveAll(places, directories, 'Deleting', (directory) =>
    removeRun(directory, async (place) => {
      const uri = vscode.Uri.file(place);
      if (forGood === undefined) {
        try {
          await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
          return;
        } catch {
          // A server or a container has no trash. It is asked once for all of them.
          forGood ??= agreesToDeleteForGood(one ? lines[0]! : `${directories.length} runs`);
        }
      }
      if (!(await forGood)) throw new vscode.CancellationError();
      await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: false });
    }),
  );
}

/** What runs take of the disk; nothing where somebody will not wait for it. */
async function sizesOf(directories: readonly string[]): Promise<readonly number[] | undefined> {
  const sizes = new Map<string, number>();
  const isWhole = await withProgress('Measuring', directories.length, async (progress, signal) => {
    const measure = async (directory: string) => {
      sizes.set(directory, await diskUse(directory));
    };
    const { left, failed } = await toEachRun(directories, measure, { signal, progress });
    if (failed[0]) throw new ProblemError(failed[0].problem);
    return left.length === 0;
  });
  return isWhole ? directories.map((directory) => sizes.get(directory)!) : undefined;
}

/** Does some work on so many runs; of many of them it is shown how far it is, and it can be cancelled. */
async function withProgress<T>(
  title: string,
  count: number,
  work: (progress: () => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const cancelled = new AbortController();
  if (count < many) return await work(() => undefined, cancelled.signal);
  const location = vscode.ProgressLocation.Notification;
  return await vscode.window.withProgress(
    { location, title: `${title} ${count} runs`, cancellable: true },
    (progress, token) => {
      token.onCancellationRequested(() => cancelled.abort());
      return work(() => progress.report({ increment: 100 / count }), cancelled.signal);
    },
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
  doing: string,
  action: (directory: string) => Promise<void>,
): Promise<void> {
  const { store, panels, notifications } = places;
  refuseLiving(places, directories);
  let isGivenUp = false;
  for (const directory of directories) store.reserve(directory);
  const act = async (directory: string) => {
    if (isGivenUp) return;
    try {
      await action(directory);
      panels.close(directory);
    } catch (error) {
      if (!(error instanceof vscode.CancellationError)) throw error;
      isGivenUp = true;
    }
  };
  const result = await withProgress(doing, directories.length, async (progress, signal) => {
    return await toEachRun(directories, act, { signal, progress });
  });
  for (const directory of directories) store.release(directory);
  await store.look();
  for (const problem of problemsOf(result, directories.length)) notifications.problem(problem);
}

/** What could not be done, as one problem where it is several. */
function problemsOf({ failed }: ManyDone, count: number): readonly Problem[] {
  const [first] = failed;
  if (failed.length <= 1 || first === undefined) return failed.map(({ problem }) => problem);
  const { kind, message, remedy } = first.problem;
  const detail = failed.map(({ problem }) => problem.message).join('\n');
  return [
    {
      kind,
      message: `${failed.length} of ${count} runs could not be moved or deleted, the first of them because: ${message}`,
      ...(remedy === undefined ? {} : { remedy }),
      detail,
    },
  ];
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
