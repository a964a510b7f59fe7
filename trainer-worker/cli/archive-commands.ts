import path from 'node:path';
import { ProblemError } from '../../protocol/problem';
import { archiveOf, archiveRun, removeRun, restoreRun } from '../../run-directory/archive';
import { findRun } from '../../run-directory/find-run';
import { printResult } from './print-result';

export interface ArchiveOptions {
  readonly runs: string;
}

/**
 * `ebm archive`: moves a run out of sight.
 *
 * @returns the process's exit code
 */
export async function archiveCommand(text: string, { runs }: ArchiveOptions): Promise<number> {
  return await printResult(async () => {
    const archived = await archiveRun(await findRun(text, path.resolve(runs)));
    return `archived as ${archived}\n`;
  });
}

/**
 * `ebm restore`: moves an archived run back.
 *
 * @returns the process's exit code
 */
export async function restoreCommand(text: string, { runs }: ArchiveOptions): Promise<number> {
  return await printResult(async () => {
    const restored = await restoreRun(await findRun(text, archiveOf(runs)), runs);
    return `restored as ${restored}\n`;
  });
}

/**
 * `ebm delete`: deletes a run for good.
 *
 * @returns the process's exit code
 */
export async function deleteCommand(
  text: string,
  { runs, yes }: ArchiveOptions & { readonly yes?: true },
): Promise<number> {
  return await printResult(async () => {
    const directory = await findRun(text, path.resolve(runs));
    if (!yes) {
      throw new ProblemError({
        kind: 'environment',
        message: `Nothing brings ${directory} back once it is deleted, and a shell has no trash.`,
        remedy: 'Say --yes to delete it, or archive it with: ebm archive',
      });
    }
    await removeRun(directory);
    return `deleted ${directory}\n`;
  });
}
