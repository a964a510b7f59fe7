import { isRunDirectory } from '../panel/persisted-state';
import type { Comparison } from './compare-feed';

/** A panel compares no more, whatever its state says. */
export const mostRuns = 1000;

/**
 * The runs that a restored panel compared.
 *
 * The state comes from the page's own storage, so it may be anything.
 *
 * @param state what the page kept (`ComparePersistedState`), unchecked
 * @param contains whether an absolute, normalised path is a run directory of this workspace
 * @returns nothing where not two of them are
 */
export function restoredComparison(
  state: unknown,
  contains: (directory: string) => boolean,
): Comparison | undefined {
  if (typeof state !== 'object' || state === null) return undefined;
  const { version, title, directories } = state as Record<string, unknown>;
  if (version !== 1 || typeof title !== 'string' || !Array.isArray(directories)) return undefined;
  const known = [...new Set(directories.slice(0, mostRuns) as unknown[])].filter(
    (directory): directory is string => isRunDirectory(directory, contains),
  );
  return known.length < 2 ? undefined : { title: title.slice(0, 200), directories: known };
}
