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
 * @param others all runs; it may be among them
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

/** What was changed in each run, by directory; of a list that is asked about time and again, worked out once. */
const changesIn = new WeakMap<readonly TitledRun[], ReadonlyMap<string, string>>();

function changesOf(run: TitledRun, all: readonly TitledRun[]): string {
  let known = changesIn.get(all);
  if (known === undefined) {
    known = allChanges(all);
    changesIn.set(all, known);
  }
  return known.get(run.directory) ?? changesSince(run, newestBefore(run, all));
}

function allChanges(all: readonly TitledRun[]): ReadonlyMap<string, string> {
  const changes = new Map<string, string>();
  const ofFile = new Map<string, TitledRun[]>();
  for (const run of all) {
    const { file } = run.manifest.experiment;
    const known = ofFile.get(file);
    if (known === undefined) ofFile.set(file, [run]);
    else known.push(run);
  }
  for (const runs of ofFile.values()) {
    let [before, latest]: (TitledRun | undefined)[] = [];
    for (const run of runs.sort(compareTimes)) {
      // Runs of one moment have the same one before them.
      if (latest !== undefined && compareTimes(latest, run) < 0) before = latest;
      changes.set(run.directory, changesSince(run, before));
      latest = run;
    }
  }
  return changes;
}

function newestBefore(run: TitledRun, all: readonly TitledRun[]): TitledRun | undefined {
  return all
    .filter(
      (other) =>
        other.manifest.experiment.file === run.manifest.experiment.file &&
        compareTimes(other, run) < 0,
    )
    .sort(compareTimes)
    .at(-1);
}

function compareTimes({ manifest: a }: TitledRun, { manifest: b }: TitledRun): number {
  return a.createdAt < b.createdAt ? -1 : Number(a.createdAt > b.createdAt);
}

function changesSince({ manifest }: TitledRun, before: TitledRun | undefined): string {
  const told = distinctions(manifest, before?.manifest);
  const [shown, rest] = [told.slice(0, mostChanges), told.length - mostChanges];
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}
