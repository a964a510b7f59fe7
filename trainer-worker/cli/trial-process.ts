import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { handOver, type LaunchTask } from '../../protocol/launch-task';
import type { Problem } from '../../protocol/problem';

/** What one process of a sweep trains, and where. */
export interface Trial {
  readonly task: LaunchTask;
  /** The directory of the run that is to go on; a new one where absent. */
  readonly run?: string;
  /** A folder for what the process prints. */
  readonly copies: string;
  readonly runs: string;
}

/** How it ended. */
interface TrialOutcome {
  /** The run directory; `undefined` where the run did not begin. */
  readonly directory?: string;
  /** What kept it from beginning or from going on. */
  readonly problem?: Problem;
}

/** A trainer of a sweep. */
export interface TrialProcess {
  readonly outcome: Promise<TrialOutcome>;
  /** Asks it to stop with a checkpoint; the second time it ends at once. */
  interrupt(): void;
}

/**
 * Starts `ebm run` or `ebm resume` in a process of its own, which outlives this one: it has a process
 * group of its own, and no pipe that could break once it has its task.
 */
export async function trainTrial({ task, run, copies, runs }: Trial): Promise<TrialProcess> {
  const printed = path.join(copies, `${randomBytes(6).toString('hex')}.jsonl`);
  const log = await open(printed, 'a');
  const command = run === undefined ? ['run'] : ['resume', run];
  const script = process.argv[1]!;
  const args = [script, ...command, '--task', '-', '--runs', runs, '--json'];
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
    windowsHide: true,
  });
  handOver(task, child);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  // Who awaits the outcome hears of it.
  ended.catch(() => undefined);
  await log.close();
  return {
    outcome: ended.then(async (how) => outcomeOf(await readFile(printed, 'utf8'), how)),
    interrupt: () => child.kill('SIGINT'),
  };
}

/** What a process that prints JSON told of its run. */
function outcomeOf(printed: string, how: number | NodeJS.Signals | null): TrialOutcome {
  let directory: string | undefined;
  let problem: Problem | undefined;
  for (const line of printed.split('\n')) {
    // Between the lines stands what went to the error output.
    if (!line.startsWith('{"event":')) continue;
    const said = eventOf(line);
    directory = said.directory ?? directory;
    problem = said.problem ?? problem;
  }
  if (directory === undefined && problem === undefined) {
    problem = {
      kind: 'worker',
      message: `The trainer ended (${how}) before training began.`,
      detail: printed.slice(-4_000),
    };
  }
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function eventOf(line: string): TrialOutcome {
  try {
    return JSON.parse(line) as TrialOutcome;
  } catch {
    // It was killed within the line.
    return {};
  }
}
