import path from 'node:path';
import * as vscode from 'vscode';
import type { RunPanels } from '../panel/run-panels';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';
import { distinctionOf } from '../runs/run-title';
import type { Notifications } from '../views/notifications';
import { progressText, statusIcon, timeText } from '../views/run-text';
import type { RunsTree } from '../views/runs-tree';

/** Where runs may be meant. */
export interface RunPlaces {
  readonly store: RunStore;
  readonly tree: RunsTree;
  readonly panels: RunPanels;
  readonly notifications: Notifications;
}

/** The argument by which a key says that it means what is selected in the tree. */
const selectionArgument = 'selection';

/**
 * The directories that a command means: what is selected in the tree where it was given there, one of
 * them or by a key; the directory of any other argument; none of a command from the palette.
 */
export function targetDirectories(
  { tree }: Pick<RunPlaces, 'tree'>,
  argument: unknown,
  selection: unknown,
): readonly string[] {
  // A sweep is no run.
  return selectedElements({ tree }, argument, selection).filter((element) => !tree.sweep(element));
}

/** The same with the keys of sweeps among them. */
export function selectedElements(
  { tree }: Pick<RunPlaces, 'tree'>,
  argument: unknown,
  selection: unknown,
): readonly string[] {
  if (argument === selectionArgument) return tree.selected;
  if (typeof argument !== 'string') return [];
  const selected = Array.isArray(selection)
    ? selection.filter((element): element is string => typeof element === 'string')
    : [];
  // A menu may be opened beside the selection: then only that one is meant.
  return selected.includes(argument) ? selected : [argument];
}

/**
 * The runs that a command means, see {@link targetDirectories}; from the palette the one that the user
 * chooses.
 *
 * @param title what they are chosen for
 */
export async function targetRuns(
  places: RunPlaces,
  argument: unknown,
  selection: unknown,
  title: string,
): Promise<readonly Run[]> {
  const { store } = places;
  const directories = targetDirectories(places, argument, selection);
  const runs = directories.flatMap((directory) => store.find(directory) ?? []);
  if (runs.length > 0 || argument === selectionArgument) return runs;
  const chosen = await chooseRun(places, title);
  return chosen ? [chosen] : [];
}

/** Lets the user choose among all runs, the active panel's first. */
async function chooseRun(
  { store, panels, notifications }: RunPlaces,
  title: string,
): Promise<Run | undefined> {
  const { runs } = store;
  if (runs.length === 0) {
    notifications.inform('There is no run in this workspace yet. Launch one first.');
    return undefined;
  }
  const active = panels.activeRun;
  const ordered = active ? [active, ...runs.filter((run) => run !== active)] : runs;
  const items = ordered.map((run) => ({
    label: `${statusIcon(run.state, run.contact)} ${run.name}`,
    description: [
      distinctionOf(run, runs, Date.now()),
      progressText(run.state),
      timeText(run.manifest.createdAt, Date.now()),
    ]
      .filter((part) => part !== '')
      .join(' · '),
    detail: path.basename(run.directory),
    run,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Which run?',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return chosen?.run;
}
