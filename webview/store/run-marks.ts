import { changeText } from '../../vocabulary/knobs';
import { formatCount } from '../../vocabulary/quantities';
import { rollBackIn } from '../../vocabulary/roll-back';
import { factsOf } from '../../vocabulary/run-status';
import type { PanelState } from './panel-state';

/** Something that happened to a run at a step. */
export interface RunMark {
  readonly step: number;
  /** A word or two beside its line. */
  readonly word: string;
}

/** What a run has recorded of its life, ascending; checkpoints are apart, since there may be many. */
export function runMarks({ manifest, state }: PanelState): readonly RunMark[] {
  const { problem, status, step } = state;
  const marks: RunMark[] = [
    ...(manifest.resumes ?? []).map((resume) => ({ step: resume.step, word: 'resumed' })),
    ...(manifest.warnings ?? []).flatMap((warning) => {
      const found = rollBackIn(warning);
      return found ? [{ step: found.at, word: `back to ${formatCount(found.to)}` }] : [];
    }),
    // Of a rerun those that are still to come are known.
    ...(manifest.changes ?? [])
      .filter((change) => change.step <= step)
      .map((change) => ({ step: change.step, word: changeText(manifest.knobs ?? [], change) })),
    ...(problem ? [{ step, word: factsOf(status).word }] : []),
  ];
  return marks.sort((a, b) => a.step - b.step);
}

/** Checkpoints that are named one by one. */
const named = 4;

/** The same in words, checkpoints too; empty where nothing happened. */
export function marksText(marks: readonly RunMark[], checkpoints: readonly number[]): string {
  const parts = marks.map(({ word, step }) => `${word} at ${formatCount(step)}`);
  if (checkpoints.length > 0) {
    const last = checkpoints.slice(-named).map(formatCount).join(', ');
    const count = checkpoints.length;
    const all = count === 1 ? '1 checkpoint, at' : `${formatCount(count)} checkpoints,`;
    const which = count === 1 ? '' : count > named ? ' the last at' : ' at';
    parts.push(`${all}${which} ${last}`);
  }
  const text = parts.join(' · ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
