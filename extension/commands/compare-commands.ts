import * as vscode from 'vscode';
import type { CompareAction } from '../../protocol/compare';
import { groupRuns } from '../../run-directory/run-group';
import type { ComparePanels } from '../compare/compare-panels';
import { mostRuns } from '../compare/restored-comparison';
import type { Run } from '../runs/run';
import { distinctionOf } from '../runs/run-title';
import type { SweepRow } from '../views/run-arrangement';
import type { RunDocuments } from '../views/run-documents';
import { progressText, statusIcon, timeText } from '../views/run-text';
import type { CommandTable } from './command-table';
import { type RunPlaces, selectedElements } from './target-runs';

export interface CompareCommandMeans extends RunPlaces {
  readonly comparePanels: ComparePanels;
}

/** Looking at several runs at once. */
export function compareCommands(means: CompareCommandMeans) {
  return {
    'ebm.compareRuns': async (argument, selection) => {
      const { store, tree } = means;
      const elements = selectedElements(means, argument, selection);
      const [first] = elements;
      const sweep = first === undefined ? undefined : tree.sweep(first);
      if (sweep && elements.length === 1) {
        compareSweep(means.comparePanels, sweep);
        return;
      }
      const meant = elements.flatMap((element) => {
        const runs = tree.sweep(element)?.runs ?? [store.find(element)];
        return runs.flatMap((run) => run ?? []);
      });
      const runs = [...new Set(meant)];
      const chosen = runs.length >= 2 ? runs : await chooseRuns(means, runs);
      if (chosen && chosen.length >= 2) compare(means, chosen);
    },
  } satisfies Partial<CommandTable>;
}

/** Compares the runs of a sweep; of repetitions those that came furthest. */
export function compareSweep(panels: ComparePanels, { name, runs }: SweepRow): void {
  const group = groupRuns(runs)[0];
  const directories = (group?.runs ?? runs).map(({ directory }) => directory);
  panels.show({ title: name, directories: directories.slice(0, mostRuns) });
}

/** Does what a page that compares runs asks for with some of them. */
export async function actOnCompared(
  runs: readonly Run[],
  action: CompareAction,
  documents: RunDocuments,
): Promise<void> {
  const [first, second] = runs;
  if (first === undefined) return;
  const directories = runs.map(({ directory }) => directory);
  const command = (id: string) =>
    vscode.commands.executeCommand(id, first.directory, directories) as Promise<unknown>;
  const diff = async (what: string, of: (run: Run) => vscode.Uri) => {
    if (second === undefined) return;
    const title = `${what} (${first.name} ↔ ${second.name})`;
    await vscode.commands.executeCommand('vscode.diff', of(first), of(second), title);
  };
  const actions: Readonly<Record<CompareAction, () => Promise<unknown>>> = {
    open: () => command('ebm.openRun'),
    rename: () => command('ebm.renameRun'),
    star: () => command('ebm.starRun'),
    unstar: () => command('ebm.unstarRun'),
    diffSource: () => diff('Source', (run) => documents.source(run)),
    diffConfiguration: () => diff('Configuration', (run) => documents.configuration(run)),
  };
  await actions[action]();
}

function compare({ comparePanels, notifications }: CompareCommandMeans, runs: readonly Run[]) {
  if (runs.length > mostRuns) {
    notifications.inform(`Only the first ${mostRuns} of ${runs.length} runs are compared.`);
  }
  const directories = runs.slice(0, mostRuns).map(({ directory }) => directory);
  comparePanels.show({ title: `${directories.length} runs`, directories });
}

/** Lets the user choose two runs or more; none where that is given up. */
async function chooseRuns(
  { store, notifications }: CompareCommandMeans,
  picked: readonly Run[],
): Promise<readonly Run[] | undefined> {
  const { runs } = store;
  if (runs.length < 2) {
    notifications.inform('There are no two runs in this workspace yet to compare. Launch another.');
    return undefined;
  }
  const now = Date.now();
  const items = runs.map((run) => ({
    label: `${statusIcon(run.state, run.contact)} ${run.name}`,
    description: [
      distinctionOf(run, runs, now),
      progressText(run.state),
      timeText(run.manifest.createdAt, now),
    ]
      .filter((part) => part !== '')
      .join(' · '),
    picked: picked.includes(run),
    run,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Compare Runs',
    placeHolder: 'Which runs? Two or more.',
    canPickMany: true,
    matchOnDescription: true,
  });
  if (chosen?.length === 1) {
    notifications.inform('One run has nothing to be compared with: choose two or more.');
  }
  return chosen?.map(({ run }) => run);
}
