import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeginTask, handOver } from '../../protocol/launch-task';
import { type Problem, ProblemError } from '../../protocol/problem';
import { readLogTail } from '../../run-directory/worker-log';
import type { NodeRuntime } from './node-runtime';
import { trainerEnvironment } from './start-trainer';
import { pruneSweepLogs } from './sweep-logs';
import { endProcess, spawnedProcess } from './trainer-process';

interface SweepProcessCommand {
  readonly node: NodeRuntime;
  /** The trainer's script. */
  readonly script: string;
  /** The folder with packages that were installed on the user's consent; it may not exist. */
  readonly packages: string;
  /** What is told of every run; its experiment exports the sweep. */
  readonly task: BeginTask;
  readonly cwd: string;
  /** Absolute path of the folder of its runs. */
  readonly runs: string;
  /** Absolute path of the file that takes what it prints. */
  readonly log: string;
  /** How many of its runs train at once. */
  readonly parallel: number;
  /** Ends it before it has begun; the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** How the process of a sweep ended. */
interface SweepEnd {
  /** The exit code of `ebm sweep`; `null` where something killed it. */
  readonly code: number | null;
  /** What kept each of its runs that failed from finishing. */
  readonly problems: readonly Problem[];
}

/** A sweep whose every run has been checked, and which trains. */
export interface StartedSweep {
  readonly id: string;
  readonly name: string;
  /** How many runs it has. */
  readonly runs: number;
  /** How many of them were done before. */
  readonly done: number;
  /** Resolves when its process has ended, which may outlive this one. */
  readonly ended: Promise<SweepEnd>;
}

/** How often its log is looked at until it has begun. */
const lookMs = 100;
/** How long it may take to end when it is told to. */
const farewellMs = 3_000;

/**
 * Starts `ebm sweep` in a process that outlives this one, and waits until it has begun.
 *
 * @throws ProblemError that says why it cannot begin; by then no process of it lives
 */
export async function startSweep(command: SweepProcessCommand): Promise<StartedSweep> {
  const { log, signal } = command;
  const child = await spawnSweep(command);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let code: number | null | undefined;
  const noteExit = exited.then((how) => {
    code = how;
  });
  for (;;) {
    // Looked at before the log, so that what it printed last is seen.
    const isOver = code !== undefined;
    const { begun, refusal } = told(await readFile(log, 'utf8'));
    if (begun) {
      const ended = exited.then(async (how) => ({
        code: how,
        problems: told(await readFile(log, 'utf8')).problems,
      }));
      // Nobody may be waiting.
      ended.catch(() => undefined);
      return { ...begun, ended };
    }
    if (isOver) throw new ProblemError(refusal ?? (await wordless(command, code ?? null)));
    if (signal.aborted) {
      await endProcess(spawnedProcess(child), farewellMs);
      signal.throwIfAborted();
    }
    await Promise.race([noteExit, delay(lookMs, undefined, { signal }).catch(() => undefined)]);
  }
}

async function spawnSweep(
  command: SweepProcessCommand,
): Promise<ChildProcess & { readonly pid: number }> {
  const { node, script, packages, task, cwd, runs, log, parallel } = command;
  await mkdir(path.dirname(log), { recursive: true });
  // What cannot be removed is in nobody's way.
  await pruneSweepLogs(path.dirname(log), runs).catch(() => undefined);
  const printed = await open(log, 'a');
  try {
    const args = [
      ...[script, 'sweep', '--task', '-', '--runs', runs],
      ...['--parallel', String(parallel), '--json'],
    ];
    const child = spawn(node.path, args, {
      cwd,
      env: trainerEnvironment(node, packages),
      // It outlives this window: a group of its own, and no pipe that could break once it has its task.
      detached: true,
      stdio: ['pipe', printed.fd, printed.fd],
      windowsHide: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    handOver(task, child);
    child.unref();
    return Object.assign(child, { pid: child.pid! });
  } catch (error) {
    throw new ProblemError(
      {
        kind: 'environment',
        message: `The sweep cannot be started with ${node.path}: ${(error as Error).message}.`,
        remedy: "Name another Node.js in the setting 'ebm.nodePath'.",
      },
      { cause: error },
    );
  } finally {
    await printed.close();
  }
}

async function wordless({ task, log }: SweepProcessCommand, code: number | null): Promise<Problem> {
  return {
    kind: 'worker',
    message: `The sweep of ${path.basename(task.experiment)} ended (${
      code === null ? 'it was killed' : `exit code ${code}`
    }) before it began.`,
    remedy: 'The log has its last words.',
    detail: await readLogTail(log),
  };
}

/** What a sweep has told in its log. */
interface Told {
  readonly begun?: Pick<StartedSweep, 'id' | 'name' | 'runs' | 'done'>;
  /** Why it cannot begin. */
  readonly refusal?: Problem;
  readonly problems: readonly Problem[];
}

function told(text: string): Told {
  let begun: Told['begun'];
  let refusal: Problem | undefined;
  const problems: Problem[] = [];
  for (const line of text.split('\n')) {
    // Between the lines stands what went to the error output.
    const said = eventOf(line);
    if (said?.event === 'sweep') begun = said;
    else if (said?.event === 'error') refusal = said.problem;
    else if (said?.event === 'trialEnd' && said.problem && said.status !== 'finished') {
      problems.push(said.problem);
    }
  }
  return { ...(begun ? { begun } : {}), ...(refusal ? { refusal } : {}), problems };
}

/** The lines of `ebm sweep --json` that matter here. */
type SweepEvent =
  | ({ readonly event: 'sweep' } & Pick<StartedSweep, 'id' | 'name' | 'runs' | 'done'>)
  | { readonly event: 'error'; readonly problem: Problem }
  | { readonly event: 'trialEnd'; readonly status: string; readonly problem?: Problem };

function eventOf(line: string): SweepEvent | undefined {
  if (!line.startsWith('{"event":')) return undefined;
  try {
    return JSON.parse(line) as SweepEvent;
  } catch {
    // It is being written.
    return undefined;
  }
}
