import { formatCount } from '../../vocabulary/quantities';

/**
 * The checkpoint that is meant: the one that was chosen, if it is still kept, else the last one at or before
 * the step that is shown, else the first.
 *
 * @param steps that have a checkpoint, ascending
 * @param shown the step that is shown; the newest where absent
 */
export function askedCheckpoint(
  steps: readonly number[],
  shown: number | undefined,
  chosen: number | undefined,
): number | undefined {
  if (chosen !== undefined && steps.includes(chosen)) return chosen;
  if (shown === undefined) return steps.at(-1);
  return steps.findLast((step) => step <= shown) ?? steps[0];
}

/** Which checkpoint answers, where the step that is shown has none of its own; else nothing. */
export function checkpointNote(asked: number, shown: number | undefined): string {
  if (shown === undefined || shown === asked) return '';
  return `The step shown, ${formatCount(shown)}, has no checkpoint: that of step ${formatCount(asked)} answers.`;
}
