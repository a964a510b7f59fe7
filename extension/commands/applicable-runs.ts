import { ProblemError } from '../../protocol/problem';
import { isPossible, type RunAction } from '../../vocabulary/run-actions';
import type { Run } from '../runs/run';
import type { RunFollower } from '../runs/run-follower';

/** What can be asked of a run's trainer, in the order in which it is offered. */
export const runVerbs = [
  'pause',
  'resume',
  'step',
  'stop',
  'checkpoint',
  'change',
  'takeOver',
] as const satisfies readonly RunAction[];

/** One of {@link runVerbs}. */
export type RunVerb = (typeof runVerbs)[number];

/** Whether this window can do something with a run now. */
export function canBeAsked(run: Run, action: RunAction): boolean {
  const { standing, isLiving, isWatchedOnly, controller } = run;
  // What is asked of a trainer needs one that is there to be asked.
  if (isLiving && !controller && (runVerbs as readonly RunAction[]).includes(action)) return false;
  return isPossible(action, standing, isWatchedOnly);
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

/** @throws ProblemError where nobody is there to be asked */
export function controllerOf({ name, isLiving, controller }: Run): RunFollower {
  if (controller) return controller;
  throw new ProblemError({
    kind: 'worker',
    message: `‘${name}’ has no trainer to ask.`,
    remedy: isLiving ? 'It cannot be reached just now; try again in a moment.' : 'Rerun it.',
  });
}
