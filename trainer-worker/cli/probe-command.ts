import { readFile } from 'node:fs/promises';
import { deserialize } from 'node:v8';
import type { BackendName } from '../../protocol/backends';
import { problemOf } from '../../protocol/problem';
import { plainMessage } from '../compiler/backends/plain-message';
import type { ProbeAnswer } from '../compiler/backends/probe';
import type { TimingQuestion } from '../compiler/backends/time-program';
import { exitCode } from './exit-code';

export interface ProbeCommandOptions {
  /** Where the experiment lies, if there is one. */
  readonly experimentFolder?: string;
}

/**
 * `ebm probe-backend`: says in this process whether a backend works, so that a driver that crashes
 * ends nothing else. The answer goes to the parent, or to stdout where there is none.
 *
 * @param file a program to time, as `probe.ts` writes it
 * @returns the process's exit code
 */
export async function probeCommand(
  name: BackendName,
  file: string | undefined,
  { experimentFolder }: ProbeCommandOptions,
): Promise<number> {
  // Nobody is left to answer to.
  process.once('disconnect', () => process.exit(exitCode.interrupted));
  const answer = await answerOf(name, file, experimentFolder);
  if (process.send) {
    await new Promise<void>((resolve, reject) => {
      process.send?.(answer, (error: Error | null) => (error ? reject(error) : resolve()));
    });
  } else {
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  return answer.works ? exitCode.done : exitCode.refused;
}

async function answerOf(
  name: BackendName,
  file: string | undefined,
  experimentFolder: string | undefined,
): Promise<ProbeAnswer> {
  try {
    const { backendMethod } = await import('../compiler/backends/index');
    const { lookAtMachine } = await import('../compiler/backends/machine');
    const method = backendMethod(name);
    const loaded = await method.load(lookAtMachine(experimentFolder));
    const { description } = loaded;
    if (file === undefined) return { works: true, description };
    const { timeProgram } = await import('../compiler/backends/time-program');
    const question = deserialize(await readFile(file)) as TimingQuestion;
    return {
      works: true,
      description,
      timing: await timeProgram(question, method.provider ?? loaded),
    };
  } catch (thrown) {
    const { remedy } = problemOf(thrown);
    const why = plainMessage(thrown);
    return { works: false, why, ...(remedy === undefined ? {} : { remedy }) };
  }
}
