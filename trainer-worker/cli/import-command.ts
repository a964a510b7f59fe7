import path from 'node:path';
import { importRun } from '../../run-directory/import-run';
import { printResult } from './print-result';

/**
 * `ebm import`: copies a run from elsewhere among those here.
 *
 * @returns the process's exit code
 */
export async function importCommand(
  source: string,
  { runs }: { readonly runs: string },
): Promise<number> {
  return await printResult(async () => {
    const directory = await importRun(path.resolve(source), path.resolve(runs));
    return `imported as ${directory}\n`;
  });
}
