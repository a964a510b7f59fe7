import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { BeginTask } from '../../protocol/launch-task';
import type { Peer } from '../../protocol/peer';
import { type Problem, ProblemError } from '../../protocol/problem';
import { trainerSocketPath, untilListening } from '../../protocol/socket-transport';
import {
  connectToSweep,
  type SweepFollowerSide,
  type SweepProgress,
  type SweepSide,
} from '../../protocol/sweep';
import { readLogTail } from '../../run-directory/worker-log';
import type { NodeRuntime } from './node-runtime';
import { spawnDetached } from './spawn-detached';
import { exitText } from './start-trainer';
import { pruneSweepLogs } from './sweep-logs';
import { endProcess, exitsWithin, type TrainerExit, type TrainerProcess } from './trainer-process';

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
  /** Is told each time that one of its runs begins or ends. */
  readonly onProgress: (progress: SweepProgress) => void;
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

/** How long it may take to end when it is told to, or has said why it cannot begin. */
const farewellMs = 3_000;

/**
 * Starts `ebm sweep` in a process that outlives this one, and waits until it has begun.
 *
 * @throws ProblemError that says why it cannot begin; by then no process of it lives
 */
export async function startSweep(command: SweepProcessCommand): Promise<StartedSweep> {
  const { signal } = command;
  signal.throwIfAborted();
  // It has a name, and so a socket of its own, only when its experiment is loaded.
  const socket = trainerSocketPath(`launch-${randomUUID()}`);
  const sweep = await spawnSweep(command, socket);
  const over = new AbortController();
  const stopWaiting = () => over.abort();
  signal.addEventListener('abort', stopWaiting);
  void sweep.exited.then(stopWaiting);
  let peer: Peer<SweepFollowerSide, SweepSide> | undefined;
  try {
    peer = await untilListening((stop) => connectToSweep(socket, stop), over.signal);
    return await follow(peer, sweep, command);
  } catch (thrown) {
    // What it says itself comes before the end of its connection.
    const isGone = peer ? !peer.isOpen : over.signal.aborted;
    // Having said why it cannot begin it ends by itself.
    const endsByItself = !signal.aborted && (await exitsWithin(sweep, farewellMs));
    if (!endsByItself) await endProcess(sweep, farewellMs);
    peer?.close();
    // One that was killed leaves it behind.
    if (process.platform !== 'win32') await rm(socket, { force: true });
    signal.throwIfAborted();
    throw isGone ? new ProblemError(await wordless(command, await sweep.exited)) : thrown;
  } finally {
    signal.removeEventListener('abort', stopWaiting);
  }
}

/** Attaches to a sweep, and keeps what it tells. */
async function follow(
  peer: Peer<SweepFollowerSide, SweepSide>,
  { exited }: TrainerProcess,
  { onProgress, signal }: SweepProcessCommand,
): Promise<StartedSweep> {
  const problems: Problem[] = [];
  peer.on('progress', onProgress);
  peer.on('trialEnded', ({ status, problem }) => {
    if (problem && status !== 'finished') problems.push(problem);
  });
  const { id, name, runs, progress } = await peer.request('attach', {}, { signal });
  // All that it has told comes before the end of its connection.
  const closed = new Promise<void>((resolve) => peer.onClose(() => resolve()));
  const ended = Promise.all([exited, closed]).then(([{ code = null }]) => ({ code, problems }));
  return { id, name, runs, done: progress.done, ended };
}

async function spawnSweep(
  { script, runs, log, parallel, ...command }: SweepProcessCommand,
  socket: string,
): Promise<TrainerProcess> {
  await mkdir(path.dirname(log), { recursive: true });
  // What cannot be removed is in nobody's way.
  await pruneSweepLogs(path.dirname(log), runs).catch(() => undefined);
  const args = [
    ...[script, 'sweep', '--runs', runs, '--socket', socket],
    ...['--parallel', String(parallel), '--json'],
  ];
  return await spawnDetached({ ...command, what: 'sweep', args, log: await open(log, 'a') });
}

async function wordless({ task, log }: SweepProcessCommand, exit: TrainerExit): Promise<Problem> {
  return {
    kind: 'worker',
    message: `The sweep of ${path.basename(task.experiment)} ended (${exitText(exit)}) before it began.`,
    remedy: 'The log has its last words.',
    detail: await readLogTail(log),
  };
}
