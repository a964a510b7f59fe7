import type { RunManifest } from '../../protocol/run';
import { timeText } from '../views/run-text';
import { distinctions } from './run-difference';

/** A run as its title is made of it. */
export interface TitledRun {
  readonly directory: string;
  readonly name: string;
  readonly manifest: RunManifest;
}

/** A tab has no room for more. */
const mostChanges = 2;

/**
 * What tells a run from others of its name, where it has any: the values that were changed, and when it
 * was launched where these are the same too. Empty where the name is enough.
 *
 * @param others all runs, newest first; it may be among them
 */
export function distinctionOf(run: TitledRun, others: readonly TitledRun[], now: number): string {
  const namesakes = others.filter(
    ({ name, directory }) => name === run.name && directory !== run.directory,
  );
  if (namesakes.length === 0) return '';
  const own = changesOf(run, others);
  const isShared = namesakes.some((other) => changesOf(other, others) === own);
  if (!isShared) return own;
  return [own, timeText(run.manifest.createdAt, now)].filter((part) => part !== '').join(', ');
}

/** The name, with what tells it apart. */
export function titleOf(run: TitledRun, others: readonly TitledRun[], now: number): string {
  const distinction = distinctionOf(run, others, now);
  return distinction === '' ? run.name : `${run.name} (${distinction})`;
}

function changesOf(run: TitledRun, others: readonly TitledRun[]): string {
  const { file } = run.manifest.experiment;
  const before = others.find(
    ({ manifest }) =>
      manifest.experiment.file === file && manifest.createdAt < run.manifest.createdAt,
  );
  const told = distinctions(run.manifest, before?.manifest);
  const [shown, rest] = [told.slice(0, mostChanges), told.length - mostChanges];
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}
