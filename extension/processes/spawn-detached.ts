import { spawn } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { packagesVariable } from '../../protocol/backends';
import { handOver, type LaunchTask } from '../../protocol/launch-task';
import { ProblemError } from '../../protocol/problem';
import type { NodeRuntime } from './node-runtime';
import { spawnedProcess, type TrainerProcess } from './trainer-process';

/** A process of `ebm` that reads its task from its standard input. */
interface DetachedCommand {
  readonly node: NodeRuntime;
  /** What it is, for messages. */
  readonly what: string;
  /** The script and what follows it, but for the option that says where the task is. */
  readonly args: readonly string[];
  readonly task: LaunchTask;
  readonly cwd: string;
  /** The folder with packages that were installed on the user's consent; it may not exist. */
  readonly packages: string;
  /** Takes what it prints; it is closed here. */
  readonly log: FileHandle;
}

/**
 * Starts a process that outlives this one, and does not keep this one alive: a group of its own, and no
 * pipe that could break once it has its task.
 *
 * @throws ProblemError of kind `environment` where Node cannot be started
 */
export async function spawnDetached(command: DetachedCommand): Promise<TrainerProcess> {
  const { node, what, args, task, cwd, packages, log } = command;
  try {
    const child = spawn(node.path, [...args, '--task', '-'], {
      cwd,
      env: trainerEnvironment(node, packages),
      detached: true,
      stdio: ['pipe', log.fd, log.fd],
      windowsHide: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    handOver(task, child);
    child.unref();
    const { pid } = child;
    if (pid === undefined) throw new Error('it has no process id');
    return spawnedProcess(Object.assign(child, { pid }));
  } catch (error) {
    throw new ProblemError(
      {
        kind: 'environment',
        message: `The ${what} cannot be started with ${node.path}: ${(error as Error).message}.`,
        remedy: "Name another Node.js in the setting 'ebm.nodePath'.",
      },
      { cause: error },
    );
  } finally {
    await log.close();
  }
}

/**
 * The environment of a trainer: the editor's without what is meant for the editor's own processes,
 * and what the Node and the trainer need.
 *
 * @param packages the folder with packages that were installed on the user's consent
 */
export function trainerEnvironment(node: NodeRuntime, packages: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VSCODE_|ELECTRON_|ELECTRON$)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...node.env, [packagesVariable]: packages };
}
