import path from 'node:path';
import { ProblemError, problemOf } from '../../protocol/problem';
import { findRun } from '../../run-directory/find-run';
import { archiveOf, archiveRun, removeRun, restoreRun } from '../../run-directory/put-away';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';

export interface PutAwayOptions {
  readonly runs: string;
}

/**
 * `ebm archive`: moves a run out of sight.
 *
 * @returns the process's exit code
 */
export async function archiveCommand(text: string, { runs }: PutAwayOptions): Promise<number> {
  return await telling(async () => {
    const archived = await archiveRun(await findRun(text, path.resolve(runs)));
    return `archived as ${archived}\n`;
  });
}

/**
 * `ebm restore`: moves an archived run back.
 *
 * @returns the process's exit code
 */
export async function restoreCommand(text: string, { runs }: PutAwayOptions): Promise<number> {
  return await telling(async () => {
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
  { runs, yes }: PutAwayOptions & { readonly yes?: true },
): Promise<number> {
  return await telling(async () => {
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

async function telling(work: () => Promise<string>): Promise<number> {
  try {
    process.stdout.write(await work());
    return exitCode.done;
  } catch (thrown) {
    process.stderr.write(`${problemText(problemOf(thrown))}\n`);
    return exitCode.refused;
  }
}
