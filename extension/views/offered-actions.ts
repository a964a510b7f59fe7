/** What the tree and the status bar offer to do with a run. */
import type { RunAction } from '../../vocabulary/run-actions';
import { canBeAsked, runVerbs } from '../commands/applicable-runs';
import type { CommandId } from '../manifest';
import type { Run } from '../runs/run';

const inTree: readonly RunAction[] = [...runVerbs, 'rerun', 'archive'];

/** Words that the `when` clauses of the tree's menus look for. */
export function treeContext(run: Run): string {
  return [
    'run',
    run.isLiving ? 'living' : 'ended',
    run.annotations.starred ? 'starred' : 'unstarred',
    ...inTree.filter((action) => canBeAsked(run, action)).map((action) => `can-${action}`),
  ].join(' ');
}

/** A link of the status bar's tooltip. */
export interface OfferedAction {
  readonly action: RunAction;
  readonly title: string;
  readonly command: CommandId;
}

const inStatusBar: readonly OfferedAction[] = [
  { action: 'pause', title: 'Pause', command: 'ebm.pauseRun' },
  { action: 'resume', title: 'Resume', command: 'ebm.resumeRun' },
  { action: 'step', title: 'Step once', command: 'ebm.stepRun' },
  { action: 'stop', title: 'Stop', command: 'ebm.stopRun' },
  { action: 'takeOver', title: 'Take over', command: 'ebm.takeOverRun' },
  { action: 'rerun', title: 'Rerun', command: 'ebm.rerunLastRun' },
  { action: 'showLog', title: 'Show log', command: 'ebm.showLog' },
];

/** What the status bar's tooltip offers. */
export function statusBarActions(run: Run): readonly OfferedAction[] {
  return inStatusBar.filter(({ action }) => canBeAsked(run, action));
}
