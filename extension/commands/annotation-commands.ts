import * as vscode from 'vscode';
import { problemOf } from '../../protocol/problem';
import { type Annotations, annotate, ensureNotes, tagsIn } from '../../run-directory/annotations';
import type { Run } from '../runs/run';
import type { CommandTable } from './command-table';
import { type RunPlaces, targetRuns } from './target-runs';

/** What people add to runs: names, tags, stars, notes. */
export function annotationCommands(places: RunPlaces) {
  const star = (starred: boolean, title: string) => async (argument: unknown, selection: unknown) =>
    annotateAll(places, await targetRuns(places, argument, selection, title), () => ({ starred }));
  return {
    'ebm.renameRun': async (argument, selection) => {
      const [run] = await targetRuns(places, argument, selection, 'Rename Run');
      const name = run && (await askName(run));
      if (run && name !== undefined) await annotateAll(places, [run], () => ({ name }));
    },
    'ebm.tagRun': async (argument, selection) => {
      const runs = await targetRuns(places, argument, selection, 'Tag Run');
      const change = await askTags(places, runs);
      if (!change) return;
      await annotateAll(places, runs, ({ annotations: { tags } }) => ({
        tags: [...tags.filter((tag) => !change.removed.includes(tag)), ...change.added],
      }));
    },
    'ebm.starRun': star(true, 'Star Run'),
    'ebm.unstarRun': star(false, 'Unstar Run'),
    'ebm.editNotes': async (argument, selection) => {
      const [run] = await targetRuns(places, argument, selection, 'Edit Notes');
      if (!run) return;
      const uri = vscode.Uri.file(await ensureNotes(run.directory));
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
    },
  } satisfies Partial<CommandTable>;
}

/** Annotates each run, the others too where one cannot be. */
async function annotateAll(
  { store, notifications }: RunPlaces,
  runs: readonly Run[],
  changeOf: (run: Run) => Partial<Annotations>,
): Promise<void> {
  for (const run of runs) {
    try {
      await annotate(run.directory, changeOf(run));
      await store.refresh(run.directory);
    } catch (error) {
      notifications.problem(problemOf(error));
    }
  }
}

async function askName(run: Run): Promise<string | undefined> {
  return await vscode.window.showInputBox({
    title: 'Rename Run',
    prompt: `Its directory stays as it is. Nothing gives it its experiment’s name back: ${run.manifest.name}`,
    value: run.name,
    validateInput: (text) =>
      text.trim().length > 200 ? 'A name has at most 200 characters.' : undefined,
  });
}

/** Which tags the runs get and lose; those that all of them have are ticked. */
async function askTags(
  { store }: RunPlaces,
  runs: readonly Run[],
): Promise<{ readonly added: string[]; readonly removed: string[] } | undefined> {
  if (runs.length === 0) return undefined;
  const common = (tag: string) => runs.every(({ annotations }) => annotations.tags.includes(tag));
  const known = new Set(store.runs.flatMap(({ annotations }) => annotations.tags));
  const quickPick = vscode.window.createQuickPick();
  quickPick.title =
    runs.length === 1 ? `Tags of ‘${runs[0]!.name}’` : `Tags of ${runs.length} runs`;
  quickPick.placeholder = 'Tick tags, or type new ones';
  quickPick.canSelectMany = true;
  quickPick.items = [...known].sort().map((label) => ({ label }));
  const before = quickPick.items.filter(({ label }) => common(label));
  quickPick.selectedItems = before;
  // What is typed and unknown becomes an item that can be ticked, and is.
  quickPick.onDidChangeValue((value) => {
    const typed = tagsIn(value).filter((tag) => !known.has(tag));
    const selected = new Set(quickPick.selectedItems.map(({ label }) => label));
    const fresh = typed.map((label) => ({ label, description: 'new', alwaysShow: true }));
    quickPick.items = [...fresh, ...[...known].sort().map((label) => ({ label }))];
    quickPick.selectedItems = quickPick.items.filter((item) =>
      known.has(item.label) ? selected.has(item.label) : true,
    );
  });
  try {
    return await new Promise((resolve) => {
      quickPick.onDidAccept(() => {
        const after = quickPick.selectedItems.map(({ label }) => label);
        const removed = before.map(({ label }) => label).filter((tag) => !after.includes(tag));
        resolve({ added: after, removed });
      });
      quickPick.onDidHide(() => resolve(undefined));
      quickPick.show();
    });
  } finally {
    quickPick.dispose();
  }
}
