import type { Run } from '../runs/run';
import { runFilter } from '../runs/run-filter';
import type { BrokenRun } from '../runs/run-store';

/** In which order the tree shows what there is, and what tells each run from the one before. */
export interface Arrangement {
  /** Directories, the starred runs' first, the broken ones' last. */
  readonly roots: readonly string[];
  /** By directory: the run of the same experiment that was launched before. */
  readonly before: ReadonlyMap<string, Run>;
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
  const before = new Map<string, Run>();
  const newer = new Map<string, Run>();
  for (const run of runs) {
    const { file } = run.manifest.experiment;
    const next = newer.get(file);
    if (next) before.set(next.directory, run);
    newer.set(file, run);
  }
  const shown = runs.filter(runFilter(filter));
  const starred = shown.filter(({ annotations }) => annotations.starred);
  const others = shown.filter(({ annotations }) => !annotations.starred);
  const unreadable = filter.trim() === '' ? broken : [];
  return {
    roots: [...starred, ...others, ...unreadable].map(({ directory }) => directory),
    before,
  };
}
