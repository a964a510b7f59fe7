import { printable } from '../../protocol/printable';
import { problemOf } from '../../protocol/problem';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';

/**
 * Does the work of a command and prints what it answers, or its problem.
 *
 * @returns the process's exit code
 */
export async function printResult(work: () => Promise<string>): Promise<number> {
  try {
    process.stdout.write(printable(await work()));
    return exitCode.done;
  } catch (thrown) {
    process.stderr.write(`${problemText(problemOf(thrown))}\n`);
    return exitCode.refused;
  }
}
