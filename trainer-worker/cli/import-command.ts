import path from 'node:path';
import { problemOf } from '../../protocol/problem';
import { importRun } from '../../run-directory/import-run';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';

/**
 * `ebm import`: copies a run from elsewhere among those here.
 *
 * @returns the process's exit code
 */
export async function importCommand(
  source: string,
  { runs }: { readonly runs: string },
): Promise<number> {
  try {
    const directory = await importRun(path.resolve(source), path.resolve(runs));
    process.stdout.write(`imported as ${directory}\n`);
    return exitCode.done;
  } catch (thrown) {
    process.stderr.write(`${problemText(problemOf(thrown))}\n`);
    return exitCode.refused;
  }
}
