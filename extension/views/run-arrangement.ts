import { runFilter } from '../../run-directory/run-filter';
import { groupRuns, isDone, isSettled } from '../../run-directory/run-group';
import type { Run } from '../runs/run';
import type { BrokenRun } from '../runs/run-store';
import type { SweepProgress } from './run-text';

/** A sweep's row in the tree. */
export interface SweepRow {
  readonly key: string;
  /** The sweep's id. */
  readonly id: string;
  readonly name: string;
  /** All its runs in this workspace, repetitions and those that a filter hides among them. */
  readonly runs: readonly Run[];
  /** Directories of those that are shown: the starred first, each part in the sweep's order. */
  readonly children: readonly string[];
}

/** In which order the tree shows what there is, and what tells each run from the one before. */
export interface Arrangement {
  /**
   * Directories of runs and keys of {@link sweeps}, the starred first, the broken ones last. A sweep is
   * where its newest run would be, and starred where one of its runs is.
   */
  readonly roots: readonly string[];
  /** By key. */
  readonly sweeps: ReadonlyMap<string, SweepRow>;
  /** By directory: the run of the same experiment that was launched before. */
  readonly before: ReadonlyMap<string, Run>;
}

/** The tree's element for a sweep; no run directory is called so, for those are absolute paths. */
export function sweepKey(id: string): string {
  return `sweep:${id}`;
}

/**
 * Arranges runs for the tree.
 *
 * @param runs newest first
 * @param filter see {@link runFilter}; broken runs fit the empty one only
 */
export function arrange(
  runs: readonly Run[],
  broken: readonly BrokenRun[],
  filter: string,
): Arrangement {
  const shown = runs.filter(runFilter(filter));
  const sweeps = sweepRows(runs, shown);
  const starred = new Set<string>();
  const others = new Set<string>();
  for (const run of shown) {
    const { group } = run.manifest;
    const element = group ? sweepKey(group.id) : run.directory;
    if (run.annotations.starred) starred.add(element);
    else others.add(element);
  }
  const unreadable = filter.trim() === '' ? broken : [];
  return {
    roots: [
      ...starred,
      ...[...others].filter((element) => !starred.has(element)),
      ...unreadable.map(({ directory }) => directory),
    ],
    sweeps,
    before: runsBefore(runs),
  };
}

/** How far a sweep is now; of repetitions the one counts that came furthest. */
export function sweepProgress({ runs }: Pick<SweepRow, 'runs'>): SweepProgress {
  const [group] = groupRuns(runs);
  const members = group?.runs ?? [];
  const done = members.filter(({ manifest }) => isDone(manifest)).length;
  return {
    done,
    waiting: members.filter(({ manifest }) => isSettled(manifest)).length - done,
    of: group?.of ?? 0,
    living: runs.filter(({ isLiving }) => isLiving).length,
  };
}

function runsBefore(runs: readonly Run[]): ReadonlyMap<string, Run> {
  const before = new Map<string, Run>();
  const newer = new Map<string, Run>();
  for (const run of runs) {
    const { file } = run.manifest.experiment;
    const next = newer.get(file);
    if (next) before.set(next.directory, run);
    newer.set(file, run);
  }
  return before;
}

function sweepRows(all: readonly Run[], shown: readonly Run[]): ReadonlyMap<string, SweepRow> {
  const members = bySweep(all);
  const rows = new Map<string, SweepRow>();
  for (const [id, children] of bySweep(shown)) {
    // `sort` keeps the order of equals: of repetitions the newest is first.
    const sorted = [...children].sort((a, b) => rank(a) - rank(b));
    rows.set(sweepKey(id), {
      key: sweepKey(id),
      id,
      name: children[0]?.manifest.group?.name ?? id,
      runs: members.get(id) ?? [],
      children: sorted.map(({ directory }) => directory),
    });
  }
  return rows;
}

/** By the ids of their sweeps, in the order of `runs`. */
function bySweep(runs: readonly Run[]): ReadonlyMap<string, readonly Run[]> {
  const sweeps = new Map<string, Run[]>();
  for (const run of runs) {
    const { group } = run.manifest;
    if (!group) continue;
    const members = sweeps.get(group.id);
    if (members) members.push(run);
    else sweeps.set(group.id, [run]);
  }
  return sweeps;
}

/** By which the runs of a sweep are sorted. */
function rank({ annotations, manifest }: Run): number {
  const { index = 0, of = 0 } = manifest.group ?? {};
  return annotations.starred ? index - of : index;
}
