import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { ProblemError } from '../protocol/problem';
import { mapRuns, nameOf } from './listing';

/**
 * The run directory that somebody means: its path, its name, its id or the beginning of one of these.
 *
 * @param runs the folder that holds the runs
 * @throws ProblemError of kind `environment` that names those that may be meant
 */
export async function findRun(text: string, runs: string): Promise<string> {
  return (await findRuns([text], runs))[0]!;
}

/**
 * The run directories that somebody means, each once; see {@link findRun}.
 *
 * @throws ProblemError of kind `environment` that names those that may be meant
 */
export async function findRuns(texts: readonly string[], runs: string): Promise<readonly string[]> {
  let named: Promise<readonly NamedRun[]> | undefined;
  const found: string[] = [];
  for (const text of texts) {
    found.push(
      await findAmong(text, runs, () => {
        named ??= namesIn(runs);
        return named;
      }),
    );
  }
  return [...new Set(found)];
}

/** A run and what it may be called. */
interface NamedRun {
  readonly directory: string;
  readonly names: readonly string[];
}

async function namesIn(runs: string): Promise<readonly NamedRun[]> {
  return await mapRuns(runs, (listing) => ({
    directory: listing.directory,
    names: [
      path.basename(listing.directory),
      ...('manifest' in listing ? [listing.manifest.id, nameOf(listing)] : []),
    ],
  }));
}

async function findAmong(
  text: string,
  runs: string,
  all: () => Promise<readonly NamedRun[]>,
): Promise<string> {
  // Nothing begins every name: where there is one run, that would be meant, by an unset variable too.
  if (text.trim() === '') {
    throw new ProblemError({
      kind: 'environment',
      message: 'The name of the run is empty.',
      remedy: 'Give the name of a run, as ebm list has it, or the path of its directory.',
    });
  }
  if (await isFile(path.join(text, 'run.json'))) return path.resolve(text);
  const directories = await all();
  for (const fits of [(name: string) => name === text, (name: string) => name.startsWith(text)]) {
    const found = directories.filter(({ names }) => names.some(fits));
    if (found.length === 1) return found[0]!.directory;
    if (found.length > 1) throw notOne(text, `may be any of ${found.length} runs`, found);
  }
  throw notOne(text, `is no run in ${runs}`, directories);
}

function notOne(text: string, what: string, among: readonly { directory: string }[]) {
  const names = among.slice(0, 5).map(({ directory }) => path.basename(directory));
  return new ProblemError({
    kind: 'environment',
    message: `${text} ${what}.`,
    remedy:
      names.length === 0
        ? 'Give the path of a run directory, or the folder of the runs with --runs.'
        : `Give one of these, or enough of it: ${names.join(', ')}${among.length > 5 ? ', …' : ''}.`,
  });
}

async function isFile(file: string): Promise<boolean> {
  // Whatever keeps it from being looked at, it is not a run that can be opened by this path.
  return await lstat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
