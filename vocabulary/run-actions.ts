/** What can be done with a run, and when: one table for tree, panel, status bar, notifications and palette. */
import { factsOf, type RunCondition } from './run-status';

/** Something that can be done with a run. */
export type RunAction =
  | 'pause'
  | 'resume'
  | 'step'
  | 'stop'
  | 'checkpoint'
  | 'change'
  | 'takeOver'
  | 'rerun'
  | 'rerunWithChanges'
  | 'openSource'
  | 'openFolder'
  | 'showLog'
  | 'archive';

interface ActionRule {
  /** In which status it makes sense. */
  readonly isFor: (status: RunCondition) => boolean;
  /**
   * Of several windows that show a living run, which may ask for it: the one that controls the run,
   * those that only watch it, or, where nothing is said, any.
   */
  readonly by?: 'controller' | 'watcher';
}

const inTraining = (status: RunCondition) => status === 'running' || status === 'paused';
const living = (status: RunCondition) => factsOf(status).isLiving;
const any = () => true;

const rules: Readonly<Record<RunAction, ActionRule>> = {
  pause: { isFor: (status) => status === 'running', by: 'controller' },
  resume: {
    isFor: (status) => status === 'paused' || factsOf(status).hasStepsLeft === true,
    by: 'controller',
  },
  step: { isFor: (status) => status === 'paused', by: 'controller' },
  stop: { isFor: inTraining, by: 'controller' },
  change: { isFor: inTraining, by: 'controller' },
  // Changes nothing for the window that controls it.
  checkpoint: { isFor: inTraining },
  takeOver: { isFor: living, by: 'watcher' },
  rerun: { isFor: any },
  rerunWithChanges: { isFor: any },
  openSource: { isFor: any },
  openFolder: { isFor: any },
  showLog: { isFor: any },
  // To the archive, to the trash: a trainer writes into its directory.
  archive: { isFor: (status) => !living(status) },
};

/**
 * Whether an action makes sense for a run.
 *
 * @param isWatchedOnly whether another window controls it
 */
export function isPossible(
  action: RunAction,
  status: RunCondition,
  isWatchedOnly: boolean,
): boolean {
  const { isFor, by } = rules[action];
  if (by === 'watcher' && !isWatchedOnly) return false;
  return isFor(status) && !isKeptOff(action, status, isWatchedOnly);
}

/** Whether an action is left to the window that controls the run. What has ended, nobody controls. */
export function isKeptOff(
  action: RunAction,
  status: RunCondition,
  isWatchedOnly: boolean,
): boolean {
  return isWatchedOnly && living(status) && rules[action].by === 'controller';
}
