import type { Problem } from '../../../protocol/problem';
import type { JsonObject, RunGroup } from '../../../protocol/run';
import type { MeasuredRun } from '../../../run-directory/run-group';
import type { LoadedSweep } from './load-sweep';

/** How one run of a sweep ended. */
export interface TrialEnd {
  /** Absent where it did not begin. */
  readonly run?: MeasuredRun;
  readonly problem: Problem | undefined;
}

/** Is told how a sweep goes. */
export interface SweepObserver {
  /** @param settled places of its runs of which nothing is to be trained for now */
  begin(sweep: LoadedSweep, settled: readonly number[]): void;
  /** A run begins, or goes on. */
  trial(group: RunGroup, overrides: JsonObject, goesOn: boolean): void;
  trialEnd(group: RunGroup, end: TrialEnd): void;
}
