import path from 'node:path';
import { importRun } from '../../run-directory/import-run';
import { telling } from './telling';

/**
 * `ebm import`: copies a run from elsewhere among those here.
 *
 * @returns the process's exit code
 */
export async function importCommand(
  source: string,
  { runs }: { readonly runs: string },
): Promise<number> {
  return await telling(async () => {
    const directory = await importRun(path.resolve(source), path.resolve(runs));
    return `imported as ${directory}\n`;
  });
}
