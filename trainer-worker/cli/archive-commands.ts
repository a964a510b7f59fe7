import path from 'node:path';
import { printable } from '../../protocol/printable';
import { ProblemError, problemOf } from '../../protocol/problem';
import { archiveOf, archiveRun, removeRun, restoreRun } from '../../run-directory/archive';
import { findRuns } from '../../run-directory/find-run';
import { type ListedRun, listRuns, nameOf } from '../../run-directory/listing';
import { type ManyDone, toEachRun } from '../../run-directory/many-runs';
import { runFilter } from '../../run-directory/run-filter';
import { formatCount } from '../../vocabulary/quantities';
import { isLiving } from '../../vocabulary/run-status';
import { exitCode } from './exit-code';
import { inTerminal, isTerminal } from './in-terminal';
import { problemText } from './problem-text';

export interface ArchiveOptions {
  readonly runs: string;
}

export interface ManyOptions extends ArchiveOptions {
  /** Instead of names: those that fit, see `runFilter`. */
  readonly filter?: string;
  /** Says which, and does nothing. */
  readonly dryRun?: true;
  /** Asks nothing. */
  readonly yes?: true;
}

/** What is done to many runs, in words. */
interface Deed {
  readonly infinitive: string;
  readonly participle: string;
  /** What nothing brings back is asked about even of one run. */
  readonly isFinal: boolean;
  act(directory: string): Promise<unknown>;
}

const archive: Deed = {
  infinitive: 'archive',
  participle: 'archived',
  isFinal: false,
  act: archiveRun,
};
const restore: Pick<Deed, 'participle'> = { participle: 'restored' };
const remove: Deed = {
  infinitive: 'delete',
  participle: 'deleted',
  isFinal: true,
  act: (directory) => removeRun(directory),
};

/** How many of them are named, of those to which something is done or could not be. */
const mostNamed = 20;

/**
 * `ebm archive`: moves runs out of sight.
 *
 * @param texts names of runs; none where a filter says which
 * @returns the process's exit code
 */
export async function archiveCommand(
  texts: readonly string[],
  options: ManyOptions,
): Promise<number> {
  return await toMany(archive, texts, options);
}

/**
 * `ebm delete`: deletes runs for good.
 *
 * @param texts names of runs; none where a filter says which
 * @returns the process's exit code
 */
export async function deleteCommand(
  texts: readonly string[],
  options: ManyOptions,
): Promise<number> {
  return await toMany(remove, texts, options);
}

/**
 * `ebm restore`: moves archived runs back.
 *
 * @returns the process's exit code
 */
export async function restoreCommand(
  texts: readonly string[],
  { runs }: ArchiveOptions,
): Promise<number> {
  try {
    const directories = await findRuns(texts, archiveOf(runs));
    const act = (directory: string) => restoreRun(directory, runs);
    return report(restore, directories, await toAll(directories, act));
  } catch (thrown) {
    return refused(thrown);
  }
}

async function toMany(
  deed: Deed,
  texts: readonly string[],
  { runs, filter, dryRun, yes }: ManyOptions,
): Promise<number> {
  try {
    const folder = path.resolve(runs);
    const directories = await meant(texts, filter, folder);
    if (dryRun) {
      process.stdout.write(printable(`would ${deed.infinitive}\n${listed(directories)}`));
      return exitCode.done;
    }
    const isAsked = deed.isFinal || directories.length > 1 || filter !== undefined;
    if (isAsked && !yes && !(await agrees(deed, directories))) return exitCode.interrupted;
    return report(deed, directories, await toAll(directories, deed.act));
  } catch (thrown) {
    return refused(thrown);
  }
}

function refused(thrown: unknown): number {
  process.stderr.write(`${problemText(problemOf(thrown))}\n`);
  return exitCode.refused;
}

/**
 * The directories that somebody means, each once.
 *
 * @throws ProblemError of kind `environment` where a name is none, or nothing fits
 */
async function meant(
  texts: readonly string[],
  filter: string | undefined,
  runs: string,
): Promise<readonly string[]> {
  if ((texts.length === 0) === (filter === undefined)) {
    throw new ProblemError({
      kind: 'environment',
      message: 'It is to be said which runs, either by their names or by --filter.',
      remedy: "For example: --filter 'status:failed tag:try'",
    });
  }
  if (filter === undefined) return await findRuns(texts, runs);
  if (filter.trim() === '') {
    throw new ProblemError({
      kind: 'environment',
      message: 'The filter is empty, which every run fits.',
      remedy: 'Say in words what they have in common, as in the filter of the editor’s tree.',
    });
  }
  const fits = runFilter(filter);
  const found = (await listRuns(runs))
    .filter((listing): listing is ListedRun => 'manifest' in listing)
    .filter((listing) => {
      const { status } = listing.manifest.state;
      return fits({ ...listing, name: nameOf(listing), isLiving: isLiving(status) });
    });
  if (found.length > 0) return found.map(({ directory }) => directory);
  throw new ProblemError({
    kind: 'environment',
    message: `No run in ${runs} fits ‘${filter}’.`,
    remedy: 'ebm list says which there are.',
  });
}

/**
 * Asks once for all of them.
 *
 * @throws ProblemError of kind `environment` where nobody is there to ask
 */
async function agrees(
  { infinitive, isFinal }: Deed,
  directories: readonly string[],
): Promise<boolean> {
  const what = many(directories.length);
  const warning = isFinal ? ' Nothing brings back what is deleted, and a shell has no trash.' : '';
  if (!isTerminal()) {
    const [one] = directories;
    throw new ProblemError({
      kind: 'environment',
      message: `Nothing was done to ${directories.length === 1 ? one : what}.${warning}`,
      remedy: `Say --yes to ${infinitive} ${directories.length === 1 ? 'it' : 'them'}, or --dry-run to see which.${isFinal ? ' Archived they can be had back: ebm archive' : ''}`,
    });
  }
  process.stdout.write(printable(listed(directories)));
  const answer = await inTerminal((ask) => ask(`${infinitive} ${what}?${warning} [y/N] `));
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}

/** Does it to all, until somebody interrupts, and tells a terminal how far it is. */
async function toAll(
  directories: readonly string[],
  act: (directory: string) => Promise<unknown>,
): Promise<ManyDone> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  const shown = process.stderr.isTTY && directories.length > 1 ? process.stderr : undefined;
  try {
    return await toEachRun(directories, async (directory) => void (await act(directory)), {
      signal: interruption.signal,
      progress: (count) => shown?.write(`\r${formatCount(count)} of ${many(directories.length)}`),
    });
  } finally {
    shown?.write('\r\u001B[K');
    process.off('SIGINT', interrupt);
  }
}

/** Says what was done, and what could not be. */
function report(
  { participle }: Pick<Deed, 'participle'>,
  directories: readonly string[],
  { done, failed, left }: ManyDone,
): number {
  const all = directories.length;
  if (done.length > 0) {
    const what = done.length === 1 ? path.basename(done[0]!) : many(done.length);
    process.stdout.write(printable(`${participle} ${what}\n`));
  }
  if (failed.length > 0 && all > 1) {
    process.stderr.write(
      `${formatCount(failed.length)} of ${many(all)} could not be ${participle}:\n`,
    );
  }
  for (const { problem } of failed.slice(0, mostNamed)) {
    process.stderr.write(`${problemText(problem)}\n`);
  }
  if (failed.length > mostNamed) {
    process.stderr.write(`… and ${formatCount(failed.length - mostNamed)} others\n`);
  }
  if (left.length > 0) {
    process.stderr.write(`interrupted: ${many(left.length)} left as they were\n`);
    return exitCode.interrupted;
  }
  if (failed.length === 0) return exitCode.done;
  return all === 1 ? exitCode.refused : exitCode.failed;
}

function many(count: number): string {
  return count === 1 ? '1 run' : `${formatCount(count)} runs`;
}

function listed(directories: readonly string[]): string {
  const more = directories.length - mostNamed;
  const names = directories.slice(0, mostNamed).map((one) => `  ${path.basename(one)}\n`);
  return `${names.join('')}${more > 0 ? `  … and ${formatCount(more)} others\n` : ''}`;
}
