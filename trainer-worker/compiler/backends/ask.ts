import { version } from '../../../package.json';
import { rememberedAnswer } from './answers';
import type { BackendMethod } from './backend';
import { fileStates } from './file-states';
import type { Machine } from './machine';
import { type ProbeAnswer, probe } from './probe';
import type { TimingQuestion } from './time-program';

export interface AskOptions {
  readonly machine: Machine;
  /** The `ebm` command's script, which asks. */
  readonly script: string;
  /** How long the answer may take. */
  readonly limitMs: number;
  /** The folder that keeps earlier answers, if not the usual one. */
  readonly cache?: string | undefined;
  /** Asks whatever was answered before, and has the new answer remembered. */
  readonly anew?: boolean;
  /** A program to time: its size, by which the answer is known again, and what the child is given. */
  readonly timing?: { readonly size: string; question(): Promise<TimingQuestion> };
}

/**
 * What a backend answers in a child process: remembered for as long as the versions, drivers and files
 * are the same that it depends on.
 */
export async function askBackend(
  method: BackendMethod,
  { machine, script, limitMs, cache, anew = false, timing }: AskOptions,
): Promise<ProbeAnswer> {
  const { node, modules } = process.versions;
  const about = [
    version,
    `Node ${node} (${modules}) on ${machine.fingerprint}`,
    `${method.name}: ${method.version(machine)}`,
    ...fileStates(method.files(machine)),
  ];
  return await rememberedAnswer(
    { about, ...(timing ? { size: timing.size } : {}) },
    async () =>
      await probe(method.name, {
        script,
        limitMs,
        experimentFolder: machine.experimentFolder,
        ...(timing ? { question: await timing.question() } : {}),
      }),
    { anew, ...(cache === undefined ? {} : { folder: cache }) },
  );
}
