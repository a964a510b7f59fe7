import type { Problem } from '../../protocol/problem';
import type { RunObserver } from '../trainer/training/run-observer';
import { problemText } from './problem-text';

/**
 * An editor may attach, but nobody need be there to answer to trouble: it ends the run, unless it
 * passes by itself, as that of a full disk does.
 *
 * @param end ends the run, with what went wrong as its reason
 */
export function endOnTrouble(
  end: (problem: Problem) => void,
  complain: (text: string) => void,
): RunObserver {
  let isTold = false;
  return {
    state({ status, problem }) {
      if (status !== 'paused' || !problem) isTold = false;
      else if (problem.kind !== 'storage') end(problem);
      else if (!isTold) {
        isTold = true;
        complain(
          `${problemText(problem)}\nThe run is paused and goes on by itself when that is over.`,
        );
      }
    },
  };
}
