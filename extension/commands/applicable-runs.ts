import type { Run } from '../runs/run';

/** What can be asked of a living run. */
export type RunVerb = 'pause' | 'resume' | 'stop';

/** Whether a run is in a state in which `verb` makes sense. */
export function canBeAsked(run: Run, verb: RunVerb): boolean {
  if (!run.controller) return false;
  const { status } = run.state;
  switch (verb) {
    case 'pause':
      return status === 'running';
    case 'resume':
      return status === 'paused';
    case 'stop':
      return status === 'running' || status === 'paused';
  }
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
  return active && able.includes(active) ? [active] : able;
}
