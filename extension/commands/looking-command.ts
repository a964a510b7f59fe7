import * as vscode from 'vscode';
import { ProblemError } from '../../protocol/problem';
import { configuredNode } from '../launching/configured-node';
import type { TrainerProgram } from '../launching/launcher';
import type { Log } from '../log';
import type { LookingCommand } from '../processes/looking-process';
import type { Run } from '../runs/run';

/**
 * What looks at the model of a run, where it may: it evaluates the source that the run keeps.
 *
 * @throws ProblemError of kind `environment` where the workspace is not trusted, or there is no Node
 */
export async function lookingCommand(
  { directory, name }: Run,
  trainer: TrainerProgram,
  log: Log,
): Promise<LookingCommand> {
  if (!vscode.workspace.isTrusted) {
    throw new ProblemError({
      kind: 'environment',
      message: 'What is asked of a model executes the experiment’s code.',
      remedy: 'Trust this workspace first.',
    });
  }
  return {
    ...trainer,
    node: await configuredNode(directory),
    directory,
    log: (text) => log.info(`Looking at ‘${name}’: ${text}`),
  };
}
