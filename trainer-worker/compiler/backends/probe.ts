import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { serialize } from 'node:v8';
import { z } from 'zod';
import type { BackendName } from '../../../protocol/backends';
import { logLevelVariable, withPrinted } from './tensorflow-log';
import type { TimingQuestion } from './time-program';

const timing = z.object({
  milliseconds: z.number().nonnegative(),
  cpuMilliseconds: z.number().nonnegative(),
  // JSON has no infinity: it comes as null.
  difference: z
    .number()
    .nullable()
    .transform((value) => value ?? Number.POSITIVE_INFINITY),
});

/** What a backend answered in a process of its own. */
export const probeAnswer = z.discriminatedUnion('works', [
  z.object({
    works: z.literal(true),
    description: z.string(),
    timing: z.exactOptional(timing),
  }),
  z.object({ works: z.literal(false), why: z.string(), remedy: z.exactOptional(z.string()) }),
]);
export type ProbeAnswer = z.infer<typeof probeAnswer>;

export interface ProbeOptions {
  /** The `ebm` command's script. */
  readonly script: string;
  /** How long the answer may take. */
  readonly limitMs: number;
  /** Where the experiment lies, if there is one. */
  readonly experimentFolder?: string | undefined;
  /** A program to time; without one only the device is asked for. */
  readonly question?: TimingQuestion;
}

/** What a child may print that is kept. */
const keptOutput = 16_384;

/**
 * Asks a backend in a child process whether it works, because a driver that crashes or hangs takes
 * its process with it. Never rejects for what the child does.
 */
export async function probe(name: BackendName, options: ProbeOptions): Promise<ProbeAnswer> {
  if (options.question === undefined) return await ask(name, [], options);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'ebm-probe-'));
  try {
    const file = path.join(folder, 'program');
    await writeFile(file, serialize(options.question));
    return await ask(name, [file], options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function ask(
  name: BackendName,
  args: readonly string[],
  { script, limitMs, experimentFolder }: ProbeOptions,
): Promise<ProbeAnswer> {
  const place = experimentFolder === undefined ? [] : ['--experiment-folder', experimentFolder];
  const child = spawn(process.execPath, [script, 'probe-backend', name, ...args, ...place], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Its lines are read for what they tell, whatever the user wants to see of them.
    env: { ...process.env, [logLevelVariable]: '0' },
    windowsHide: true,
  });
  return new Promise((resolve) => {
    let printed = '';
    let answer: ProbeAnswer | undefined;
    const end = (found: ProbeAnswer) => {
      answer ??= found;
      // Some drivers hang when their process ends: it is ended for them.
      child.kill('SIGKILL');
    };
    const limit = setTimeout(
      () => end({ works: false, why: `it did not answer within ${limitMs / 1000} s` }),
      limitMs,
    );
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-keptOutput);
    });
    child.on('message', (message) => {
      const parsed = probeAnswer.safeParse(message);
      end(parsed.success ? parsed.data : { works: false, why: 'it answered with something else' });
    });
    child.on('error', (error) => end({ works: false, why: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      const how = signal ? `signal ${signal}` : `exit code ${code}`;
      // Only now has all been read that it printed.
      resolve(
        withPrinted(
          answer ?? { works: false, why: `its process ended (${how})${lastLine(printed)}` },
          printed,
        ),
      );
    });
  });
}

function lastLine(printed: string): string {
  const line = printed.trim().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : `: ${line.slice(0, 300)}`;
}
