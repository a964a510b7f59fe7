import type {
  ComparedRun,
  CompareSnapshot,
  CompareUpdate,
  CurveEnds,
  Ranking,
  RunCurves,
} from '../../protocol/compare';
import { usualGoal, usualMetric } from '../../vocabulary/ranking';
import { Series } from './series';

/** The curves of a run that are known. */
interface KnownCurves {
  readonly series: ReadonlyMap<string, Series>;
  /** Curves of which only the smallest and largest of stretches are known. */
  readonly thinned: ReadonlySet<string>;
  readonly ends: { readonly [metric: string]: CurveEnds };
  readonly problem: string | undefined;
}

/** All that the page knows of its runs. Replaced on each change. */
export interface CompareState {
  readonly generation: number;
  readonly title: string;
  readonly directories: readonly string[];
  /** In the order in which they were asked for; by which they have their colours. */
  readonly runs: readonly ComparedRun[];
  readonly curves: ReadonlyMap<string, KnownCurves>;
  readonly ranking: Ranking | undefined;
  /** Whether the curves of all runs have been told. */
  readonly isComplete: boolean;
}

/** The state that a snapshot describes, without any curves yet. */
export function fromCompareSnapshot(snapshot: CompareSnapshot): CompareState {
  const { generation, title, directories, runs, ranking } = snapshot;
  return {
    generation,
    title,
    directories,
    runs,
    ranking,
    curves: new Map(),
    isComplete: false,
  };
}

/** The state after an update; the same object if the update belongs to another generation. */
export function withCompareUpdate(state: CompareState, update: CompareUpdate): CompareState {
  if (update.generation !== state.generation) return state;
  const newer = new Map((update.runs ?? []).map((run) => [run.directory, run]));
  const told = (update.curves ?? []).map((curves) => [curves.directory, known(curves)] as const);
  return {
    ...state,
    runs: newer.size === 0 ? state.runs : state.runs.map((run) => newer.get(run.directory) ?? run),
    curves: told.length === 0 ? state.curves : new Map([...state.curves, ...told]),
    isComplete: state.isComplete || update.isComplete === true,
  };
}

function known({ series, thinned, ends, problem }: RunCurves): KnownCurves {
  const curves = Object.entries(series).map(([metric, chunk]) => {
    const curve = new Series();
    curve.append(chunk);
    return [metric, curve] as const;
  });
  return { series: new Map(curves), thinned: new Set(thinned), ends, problem };
}

/** A metric that some of the runs record. */
export interface ComparedMetric {
  readonly name: string;
  readonly label: string;
  readonly unit: string | undefined;
}

/** The metrics that any of the runs records, but for the errors of others, in their order. */
export function comparedMetrics(runs: readonly ComparedRun[]): readonly ComparedMetric[] {
  const found = new Map<string, ComparedMetric>();
  for (const { metrics } of runs) {
    for (const { name, label, unit, errorOf } of metrics) {
      if (errorOf === undefined && !found.has(name)) found.set(name, { name, label, unit });
    }
  }
  return [...found.values()];
}

/** By what runs are ranked, where the user has not chosen: as their sweep says, else as is usual. */
export function rankingOf({ ranking, runs, curves }: CompareState): Ranking {
  if (ranking) return ranking;
  const last = runs.flatMap(({ directory, hasDiverged }) => {
    const ends = hasDiverged ? undefined : curves.get(directory)?.ends;
    const values = Object.entries(ends ?? {}).map(([name, end]) => [name, end.last.value]);
    return values.length > 0 ? [Object.fromEntries(values) as Record<string, number>] : [];
  });
  const metric = usualMetric(last) ?? comparedMetrics(runs)[0]?.name ?? 'loss';
  return { metric, goal: usualGoal(metric) };
}
