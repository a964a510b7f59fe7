import path from 'node:path';
import type { RunManifest } from '../protocol/run';
import type { Annotations } from './annotations';

/** What of a run a filter looks at. */
export interface FilteredRun {
  readonly directory: string;
  /** What people call it. */
  readonly name: string;
  readonly manifest: RunManifest;
  readonly annotations: Annotations;
  readonly isLiving: boolean;
}

/** Words with a meaning of their own, by what stands before the colon. */
const kinds: Readonly<Record<string, (run: FilteredRun, value: string) => boolean>> = {
  tag: ({ annotations }, value) => annotations.tags.some((tag) => tag.toLowerCase() === value),
  status: ({ manifest, isLiving }, value) =>
    manifest.state.status === value || (value === 'living' && isLiving),
  is: ({ annotations }, value) => value === 'starred' && annotations.starred,
};

/**
 * Whether a run fits a filter: words parted by spaces, all of which must fit. `tag:baseline`,
 * `status:failed` (also `status:living`) and `is:starred` mean what they say; any other word is to be
 * part of the run's name, tags, experiment, directory or overrides. Letters' case is all one.
 */
export function runFilter(text: string): (run: FilteredRun) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const tests = words.map((word): ((run: FilteredRun) => boolean) => {
    const [, kind = '', value = ''] = /^(\w+):(.+)$/.exec(word) ?? [];
    const special = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    return special ? (run) => special(run, value) : (run) => textOf(run).includes(word);
  });
  return (run) => tests.every((fits) => fits(run));
}

function textOf({ name, annotations, directory, manifest }: FilteredRun): string {
  const overrides = Object.entries(manifest.overrides).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const parts = [
    ...[name, manifest.name, path.basename(manifest.experiment.file), path.basename(directory)],
    ...annotations.tags,
    ...overrides,
  ];
  return parts.join('\n').toLowerCase();
}
