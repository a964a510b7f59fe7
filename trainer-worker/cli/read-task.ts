import type { Readable } from 'node:stream';
import { InvalidArgumentError } from 'commander';
import { type LaunchTask, largestTask, parseTask, refusedTask } from '../../protocol/launch-task';

/** The option by which a process is told that its task comes by its standard input. */
export type TaskOption = '-';

/** `--task` from the command line. */
export function parseTaskOption(text: string): TaskOption {
  if (text === '-') return text;
  throw new InvalidArgumentError('It is -, the standard input.');
}

/**
 * Reads the task of this process to its end.
 *
 * @throws ProblemError of kind `environment` where it is too large, not UTF-8 or no task
 */
export async function readTask(input: Readable = process.stdin): Promise<LaunchTask> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > largestTask) throw refusedTask(`it has more than ${largestTask} bytes`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (thrown) {
    throw refusedTask('it is not UTF-8', thrown);
  }
  return parseTask(text);
}

/**
 * Reads a task of one kind.
 *
 * @throws ProblemError of kind `environment`, also where it is of another kind
 */
export async function readTaskOf<K extends LaunchTask['kind']>(
  kind: K,
): Promise<Extract<LaunchTask, { readonly kind: K }>> {
  const task = await readTask();
  if (isOf(task, kind)) return task;
  throw refusedTask(`'kind' is wrong: it is ${task.kind}, and this command takes ${kind}`);
}

function isOf<K extends LaunchTask['kind']>(
  task: LaunchTask,
  kind: K,
): task is Extract<LaunchTask, { readonly kind: K }> {
  return task.kind === kind;
}
