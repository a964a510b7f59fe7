import path from 'node:path';

/**
 * The run directory that a restored panel names.
 *
 * The state comes from the page's own storage, so it may be anything: only a direct child of one of
 * the workspace's runs folders is a run directory.
 *
 * @param state what the page kept (`PanelPersistedState`), unchecked
 * @param contains whether an absolute, normalised path is a run directory of this workspace
 */
export function restoredRunDirectory(
  state: unknown,
  contains: (directory: string) => boolean,
): string | undefined {
  if (typeof state !== 'object' || state === null) return undefined;
  const { version, runDirectory } = state as { version?: unknown; runDirectory?: unknown };
  return version === 1 && isRunDirectory(runDirectory, contains) ? runDirectory : undefined;
}

/** Whether what a page kept is a run directory of this workspace, and nothing that only looks like it. */
export function isRunDirectory(
  value: unknown,
  contains: (directory: string) => boolean,
): value is string {
  if (typeof value !== 'string' || value.includes('\0')) return false;
  // Normalised differs from given where `..`, doubled separators or the like are in it.
  return path.isAbsolute(value) && path.normalize(value) === value && contains(value);
}
