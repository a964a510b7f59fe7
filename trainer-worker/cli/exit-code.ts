import type { RunState } from '../../protocol/run';

/** How the `ebm` command ends; `--help` says the same. */
export const exitCode = {
  /** Finished or stopped. */
  done: 0,
  /** Training failed. */
  failed: 1,
  /** The experiment cannot start, or the command line is wrong. */
  refused: 2,
  /** Interrupted a second time. */
  interrupted: 130,
} as const;

/** The code that a run's final state stands for. */
export function exitCodeOf(final: RunState): number {
  return final.status === 'failed' ? exitCode.failed : exitCode.done;
}
