import * as vscode from 'vscode';
import type { Launcher } from '../launching/launcher';
import type { CommandTable } from './command-table';
import { revealFolder } from './inspect-run';
import { rerun } from './run-commands';
import { type RunPlaces, targetDirectories, targetRuns } from './target-runs';

/** What the tree of runs offers beside what the palette does. */
export function treeCommands(places: RunPlaces, launcher: Launcher) {
  const { panels, tree } = places;
  return {
    'ebm.openRun': async (argument, selection) => {
      for (const run of await targetRuns(places, argument, selection, 'Open Panel')) {
        panels.show(run);
      }
    },
    'ebm.rerun': async (argument) => {
      const [run] = await targetRuns(places, argument, undefined, 'Rerun');
      if (run) await rerun(launcher, run);
    },
    'ebm.revealRun': async (argument) => {
      const [broken] = targetDirectories(places, argument, undefined);
      // A run that cannot be opened is revealed as well.
      const directory =
        broken ?? (await targetRuns(places, argument, undefined, 'Reveal Folder'))[0]?.directory;
      if (directory !== undefined) await revealFolder(directory);
    },
    'ebm.filterRuns': async () => {
      const text = await vscode.window.showInputBox({
        title: 'Filter Runs',
        prompt:
          'Words of a name, a tag or a change; tag:baseline, status:failed, status:living, is:starred. Nothing shows all.',
        value: tree.filter,
      });
      if (text !== undefined) tree.setFilter(text);
    },
    'ebm.clearRunFilter': async () => tree.setFilter(''),
  } satisfies Partial<CommandTable>;
}
