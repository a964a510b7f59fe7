import type { ComparePersistedState } from '../../protocol/compare';

/** What the page keeps of what the user has chosen. */
export type KeptChoices = Required<Pick<ComparePersistedState, 'columns' | 'pinned'>>;

/** What was kept, as far as it is that: it may have been written by another version. */
export function keptChoices(state: unknown): KeptChoices {
  const { columns, pinned } = (state ?? {}) as Record<string, unknown>;
  const isObject = typeof columns === 'object' && columns !== null;
  const chosen = Object.entries(isObject ? columns : {}).filter(
    (entry): entry is [string, boolean] => typeof entry[1] === 'boolean',
  );
  const directories = Array.isArray(pinned) ? (pinned as unknown[]) : [];
  return {
    columns: Object.fromEntries(chosen),
    pinned: directories.filter((each): each is string => typeof each === 'string'),
  };
}
