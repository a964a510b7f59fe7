import { type Problem, ProblemError } from '../../protocol/problem';
import type { NodeRuntime } from './node-runtime';
import { runProcess } from './run-process';
import { trainerEnvironment } from './spawn-detached';

/** The `ebm` command as the editor runs it. */
export interface EbmCommand {
  readonly node: NodeRuntime;
  /** The trainer's script. */
  readonly script: string;
  /** The folder with packages that were installed on the user's consent; it may not exist. */
  readonly packages: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/**
 * Runs the `ebm` command, which prints one JSON object, and answers with that.
 *
 * @throws ProblemError: the one that it printed, or `worker` where it printed something else; or the
 * signal's reason
 */
export async function ebmAnswer<T extends object>(command: EbmCommand): Promise<T> {
  const { node, script, packages, args, cwd, signal } = command;
  const { code, out, errors } = await runProcess({
    program: node.path,
    args: [script, ...args],
    cwd,
    env: trainerEnvironment(node, packages),
    signal,
  });
  let answer: unknown;
  try {
    answer = JSON.parse(out.trim().split('\n').at(-1) ?? '');
  } catch (error) {
    throw new ProblemError(
      {
        kind: 'worker',
        message: `ebm ${args[0]} ended (exit code ${code ?? 'unknown'}) without an answer.`,
        remedy: 'The log has its last words.',
        detail: errors.trim().split('\n').slice(-30).join('\n'),
      },
      { cause: error },
    );
  }
  if (isRefusal(answer)) throw new ProblemError(answer.problem);
  return answer as T;
}

function isRefusal(answer: unknown): answer is { readonly problem: Problem } {
  return typeof answer === 'object' && answer !== null && 'problem' in answer;
}
