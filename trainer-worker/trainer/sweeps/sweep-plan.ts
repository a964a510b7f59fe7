import type { RunManifest } from '../../../protocol/run';
import { isDone } from '../../../run-directory/run-group';
import { usualGoal } from '../../../vocabulary/ranking';
import { rungStanding } from '../../../vocabulary/rungs';
import { type HalvingRules, type HalvingTrial, nextJob } from './halving';
import type { SweepRun } from './load-sweep';

/** What one trainer is to do. */
export interface Assignment {
  readonly run: SweepRun;
  /** Completed steps after which it stops for now; none where it trains to its end. */
  readonly until?: number;
}

/** In which order the runs of a sweep are trained, and how far each. */
export interface SweepPlan {
  /** What is to be trained now; nothing where nothing is, until something ends. */
  next(): Assignment | undefined;
  /** What was assigned has ended, with this record; without one it did not begin. */
  ended(run: SweepRun, manifest: RunManifest | undefined): void;
}

/**
 * The plan of a sweep, of which some runs have begun.
 *
 * @param begun their records, by their places in the sweep
 */
export function planOf(
  runs: readonly SweepRun[],
  begun: ReadonlyMap<number, RunManifest>,
): SweepPlan {
  return runs[0]?.group.halving ? new HalvingPlan(runs, begun) : new WholePlan(runs, begun);
}

/** All that is not done, one after the other. */
class WholePlan implements SweepPlan {
  readonly #left: SweepRun[];

  constructor(runs: readonly SweepRun[], begun: ReadonlyMap<number, RunManifest>) {
    this.#left = runs.filter(({ group }) => {
      const manifest = begun.get(group.index);
      return manifest === undefined || !isDone(manifest);
    });
  }

  next(): Assignment | undefined {
    const run = this.#left.shift();
    return run && { run };
  }

  ended(): void {
    // What did not come to its end is for another time.
  }
}

/** What was broken off first; then by {@link nextJob}. */
class HalvingPlan implements SweepPlan {
  readonly #runs: readonly SweepRun[];
  readonly #steps: readonly number[];
  readonly #rules: HalvingRules;
  readonly #trials: HalvingTrial[];
  /** Places of those that are to go on to where they were sent. */
  readonly #brokenOff: number[];

  constructor(runs: readonly SweepRun[], begun: ReadonlyMap<number, RunManifest>) {
    this.#runs = runs;
    const { group } = runs[0]!;
    this.#steps = group.halving!.rungs;
    this.#rules = halvingRules(group);
    this.#trials = runs.map((run) => halvingTrial(begun.get(run.group.index)));
    this.#brokenOff = [...this.#trials.keys()].filter((index) => isUnderway(this.#trials[index]!));
  }

  next(): Assignment | undefined {
    const broken = this.#brokenOff.shift();
    const job =
      broken === undefined
        ? nextJob(this.#trials, this.#rules)
        : { index: broken, rung: this.#trials[broken]!.sent - 1 };
    if (job === undefined) return undefined;
    const { index, rung } = job;
    this.#trials[index] = { ...this.#trials[index]!, sent: rung + 1 };
    const until = untilOf(this.#steps, rung);
    return { run: this.#runs[index]!, ...(until === undefined ? {} : { until }) };
  }

  ended(run: SweepRun, manifest: RunManifest | undefined): void {
    const index = this.#runs.indexOf(run);
    const { sent } = this.#trials[index]!;
    // What was broken off stays so until the sweep is asked for again.
    const { values } = halvingTrial(manifest);
    this.#trials[index] = { values, sent: Math.max(sent, values.length) };
  }
}

/** By which rules the runs of a group that says `halving` are promoted. */
export function halvingRules({ halving, metric, goal }: SweepRun['group']): HalvingRules {
  const { eta, rungs } = halving!;
  return { eta, rungs: rungs.length, goal: goal ?? usualGoal(metric ?? 'loss') };
}

/**
 * What is known of a trial by its record. One whose training failed came to the rung that it was sent to,
 * and is the worst there: what it was drawn from counts.
 */
export function halvingTrial(manifest: RunManifest | undefined): HalvingTrial {
  const standing = manifest && rungStanding(manifest);
  if (!standing) return { values: [], sent: 0 };
  const { values, sent } = standing;
  const isOver = isDone(manifest) && values.length < sent;
  return { values: isOver ? [...values, undefined] : values, sent };
}

/** Whether a trial is on its way to a rung. */
export function isUnderway({ values, sent }: HalvingTrial): boolean {
  return values.length < sent;
}

/** After how many steps a run stops that is sent to a rung; nothing of the last. */
export function untilOf(rungs: readonly number[], rung: number): number | undefined {
  return rung < rungs.length - 1 ? rungs[rung] : undefined;
}
