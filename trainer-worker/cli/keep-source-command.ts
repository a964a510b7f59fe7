import path from 'node:path';
import { problemOf } from '../../protocol/problem';
import { exitCode } from './exit-code';

/**
 * `ebm keep-source`: copies an experiment and the files it imports, without executing it, and prints
 * where in the folder the experiment's copy is, or the problem, as one JSON object.
 *
 * @returns the process's exit code
 */
export async function keepSourceCommand(file: string, folder: string): Promise<number> {
  const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  try {
    const { bundleExperiment } = await import('../trainer/experiment/bundle');
    const { writeSourceSnapshot } = await import('../trainer/storage/source-snapshot');
    const { sources } = await bundleExperiment(path.resolve(file));
    answer({ source: await writeSourceSnapshot(path.resolve(folder), sources) });
    return exitCode.done;
  } catch (thrown) {
    answer({ problem: problemOf(thrown) });
    return exitCode.refused;
  }
}
