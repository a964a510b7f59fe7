import type { RunStatus } from '../../protocol/run';
import type { Run } from '../runs/run';

/** What can be asked of a run. */
export type RunVerb = 'pause' | 'resume' | 'stop' | 'checkpoint' | 'takeOver';

/** Whether a run is in a state in which `verb` makes sense. */
export function canBeAsked(run: Run, verb: RunVerb): boolean {
  const { status } = run.state;
  if (verb === 'resume' && hasStepsLeft(status)) return true;
  if (!run.controller) return false;
  if (verb === 'takeOver') return run.isWatchedOnly;
  // What changes nothing for the window that controls it may be asked for from any.
  if (run.isWatchedOnly && verb !== 'checkpoint') return false;
  switch (verb) {
    case 'pause':
      return status === 'running';
    case 'resume':
      return status === 'paused';
    case 'stop':
    case 'checkpoint':
      return status === 'running' || status === 'paused';
  }
}

/** Whether a run in this status ended before its time: it can go on from its last checkpoint. */
function hasStepsLeft(status: RunStatus): boolean {
  return status === 'stopped' || status === 'failed' || status === 'crashed';
}

/**
 * The runs that a command may mean: the active panel's if it can be asked, else all that can be.
 * One is meant; of several the user chooses; none is to be explained.
 */
export function candidates(
  runs: readonly Run[],
  active: Run | undefined,
  verb: RunVerb,
): readonly Run[] {
  const able = runs.filter((run) => canBeAsked(run, verb));
  if (active && able.includes(active)) return [active];
  // One that only stands still is meant before any that has ended.
  const living = able.filter(({ isLiving }) => isLiving);
  return living.length > 0 ? living : able;
}
