/** The runs of a sweep together: which they are, and how they compare. */
import type { Json, RunGroup, RunManifest } from '../protocol/run';
import { usualGoal, usualMetric } from '../vocabulary/ranking';
import { rungStanding } from '../vocabulary/rungs';

/** A sweep of which there are runs. */
export interface GroupOfRuns<R> {
  readonly id: string;
  readonly name: string;
  /** How many runs it has when all have begun. */
  readonly of: number;
  /** Those that have begun, in the sweep's order; of repetitions the one that came furthest. */
  readonly runs: readonly R[];
}

/** The sweeps that runs belong to, in the order of their first runs in `runs`. */
export function groupRuns<R extends { readonly manifest: RunManifest }>(
  runs: readonly R[],
): GroupOfRuns<R>[] {
  const groups = new Map<string, { readonly group: RunGroup; readonly runs: Map<number, R> }>();
  for (const run of runs) {
    const { group } = run.manifest;
    if (!group) continue;
    const known = groups.get(group.id) ?? { group, runs: new Map<number, R>() };
    groups.set(group.id, known);
    const other = known.runs.get(group.index);
    if (!other || isFurther(run.manifest, other.manifest)) known.runs.set(group.index, run);
  }
  return [...groups.values()].map(({ group: { id, name, of }, runs: byIndex }) => ({
    id,
    name,
    of,
    runs: [...byIndex.entries()].sort(([a], [b]) => a - b).map(([, run]) => run),
  }));
}

function isFurther(a: RunManifest, b: RunManifest): boolean {
  if (isDone(a) !== isDone(b)) return isDone(a);
  if (a.state.step !== b.state.step) return a.state.step > b.state.step;
  return a.createdAt > b.createdAt;
}

/**
 * Whether a run of a sweep is done and need not be repeated: it has finished, or its training failed,
 * which it would again.
 */
export function isDone(manifest: RunManifest): boolean {
  return manifest.state.status === 'finished' || hasDiverged(manifest);
}

/** Whether nothing more is to be trained of it for now: it is done, or waits at a rung to be promoted. */
export function isSettled(manifest: RunManifest): boolean {
  return isDone(manifest) || (rungStanding(manifest)?.waits ?? false);
}

/** Whether its training failed; what it measured before that says nothing of where it led. */
function hasDiverged({ state }: RunManifest): boolean {
  return state.status === 'failed' && state.problem?.kind === 'training';
}

/** A run of a sweep with the last value of each of its metrics. */
export interface MeasuredRun {
  readonly directory: string;
  readonly manifest: RunManifest;
  readonly last: Readonly<Record<string, number>>;
}

/** By what the runs of a sweep are ranked, and whether small or large is good. */
export function metricOfGroup(
  runs: readonly MeasuredRun[],
): Required<Pick<RunGroup, 'metric' | 'goal'>> {
  const { metric, goal } = runs[0]?.manifest.group ?? {};
  const measured = runs.filter(
    ({ manifest, last }) => Object.keys(last).length > 0 && !hasDiverged(manifest),
  );
  const ranking = metric ?? usualMetric(measured.map(({ last }) => last)) ?? 'loss';
  return { metric: ranking, goal: goal ?? usualGoal(ranking) };
}

/** A run as a summary shows it. */
interface SummaryRow {
  readonly run: MeasuredRun;
  /** In the order of {@link SweepSummary.parameters}. */
  readonly values: readonly (Json | undefined)[];
  /** The last value of the metric; `undefined` where it has none, or none that is finite. */
  readonly value: number | undefined;
}

/** What the seeds of one combination came to. */
interface CombinationRow {
  readonly values: readonly (Json | undefined)[];
  /** How many of its runs have a value. */
  readonly count: number;
  readonly mean: number;
  /** Of the sample; `undefined` of a single run. */
  readonly deviation: number | undefined;
}

/** How the runs of a sweep compare. */
export interface SweepSummary {
  readonly metric: string;
  readonly goal: 'minimize' | 'maximize';
  /** The options in which the runs differ, but for the seed. */
  readonly parameters: readonly string[];
  /** Whether runs differ in their seeds. */
  readonly hasSeeds: boolean;
  /**
   * Best first, of a sweep with rungs those before that came further; those without a value last, and
   * those that diverged, in the sweep's order.
   */
  readonly rows: readonly SummaryRow[];
  /** Best mean first; empty where each combination has one run. */
  readonly combinations: readonly CombinationRow[];
}

/**
 * Ranks the runs of a sweep.
 *
 * @param runs in the sweep's order
 */
export function summarizeGroup(runs: readonly MeasuredRun[]): SweepSummary {
  const { metric, goal } = metricOfGroup(runs);
  const parameters = differing(runs.map(({ manifest }) => manifest));
  const hasSeeds = new Set(runs.map(({ manifest }) => manifest.seed)).size > 1;
  const rows = runs.map((run): SummaryRow => {
    const value = run.last[metric];
    return {
      run,
      values: parameters.map((path) => run.manifest.overrides[path]),
      value:
        value !== undefined && Number.isFinite(value) && !hasDiverged(run.manifest)
          ? value
          : undefined,
    };
  });
  const sign = goal === 'minimize' ? 1 : -1;
  const combinations = hasSeeds ? overSeeds(rows) : [];
  return {
    metric,
    goal,
    parameters,
    hasSeeds,
    // `sort` keeps the order of equals.
    rows: rows.sort((a, b) => further(a, b) || compare(a.value, b.value, sign)),
    combinations: combinations.sort((a, b) => compare(a.mean, b.mean, sign)),
  };
}

/** How many rungs more one has come to, of two that have a value. */
function further(a: SummaryRow, b: SummaryRow): number {
  if (a.value === undefined || b.value === undefined) return 0;
  const [x, y] = [a, b].map(({ run }) => rungStanding(run.manifest)?.values.length ?? 0);
  return y! - x!;
}

function compare(a: number | undefined, b: number | undefined, sign: number): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return sign * (a - b);
}

function differing(manifests: readonly RunManifest[]): string[] {
  const paths = new Set(manifests.flatMap(({ overrides }) => Object.keys(overrides)));
  return [...paths].filter((path) => {
    const values = new Set(manifests.map(({ overrides }) => JSON.stringify(overrides[path])));
    return path !== 'seed' && values.size > 1;
  });
}

function overSeeds(rows: readonly SummaryRow[]): CombinationRow[] {
  const byValues = new Map<string, { values: SummaryRow['values']; found: number[] }>();
  for (const { values, value } of rows) {
    const key = JSON.stringify(values);
    const combination = byValues.get(key) ?? { values, found: [] };
    byValues.set(key, combination);
    if (value !== undefined) combination.found.push(value);
  }
  return [...byValues.values()].flatMap(({ values, found }) => {
    const count = found.length;
    if (count === 0) return [];
    const mean = found.reduce((sum, value) => sum + value, 0) / count;
    const squares = found.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : undefined;
    return [{ values, count, mean, deviation }];
  });
}
