/** Where a run of a sweep stands that is thinned out by successive halving. */
import type { RunManifest } from '../protocol/run';

/** What is known of such a run. */
export interface RungStanding {
  /** What it measured at each rung that it has come to, in order; `undefined` where that was not finite. */
  readonly values: readonly (number | undefined)[];
  /** How many rungs it was sent to. */
  readonly sent: number;
  /** How many there are. */
  readonly of: number;
  /** Whether it has stopped at a rung that is not the last, and waits for its promotion. */
  readonly waits: boolean;
}

/** What of a manifest says so. */
export type OnRungs = Pick<RunManifest, 'group' | 'rungs' | 'state'>;

/** Where a run stands; nothing of one whose sweep has no rungs. */
export function rungStanding({ group, rungs = [], state }: OnRungs): RungStanding | undefined {
  const steps = group?.halving?.rungs;
  if (steps === undefined) return undefined;
  const isKnown = (step: number, rung: number) => rungs[rung]?.step === step;
  const firstMissing = steps.findIndex((step, rung) => !isKnown(step, rung));
  const passed = firstMissing === -1 ? steps.length : firstMissing;
  const values = rungs.slice(0, passed).map(({ value }) => value ?? undefined);
  const isOver = state.status === 'finished' || passed === steps.length;
  const isThere = state.status === 'stopped' && passed > 0 && state.step === steps[passed - 1];
  return {
    values,
    sent: isOver || isThere ? passed : passed + 1,
    of: steps.length,
    waits: isThere && !isOver,
  };
}

/** `at rung 2 of 4, not promoted`; nothing of a run that does not wait at one. */
export function rungText(run: OnRungs): string | undefined {
  const standing = rungStanding(run);
  if (!standing?.waits) return undefined;
  return `at rung ${standing.values.length} of ${standing.of}, not promoted`;
}
