import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LaunchTask } from '../../protocol/launch-task';
import type { Peer } from '../../protocol/peer';
import { type Problem, ProblemError } from '../../protocol/problem';
import type { RunState } from '../../protocol/run';
import { connectToTrainer, untilListening } from '../../protocol/socket-transport';
import type { Attachment, EditorSide, OwnerWish, TrainerSide } from '../../protocol/trainer';
import { openWorkerLog, readLogTail, workerLog } from '../../run-directory/worker-log';
import type { NodeRuntime } from './node-runtime';
import { spawnDetached } from './spawn-detached';
import { endProcess, exitsWithin, type TrainerExit, type TrainerProcess } from './trainer-process';

/** What a trainer process is asked to do, and where. */
export interface TrainerCommand {
  readonly node: NodeRuntime;
  /** The trainer's script. */
  readonly script: string;
  /** The run directory, which exists; it is empty unless its run is to go on. */
  readonly directory: string;
  /** Where the trainer is to listen. */
  readonly socket: string;
  readonly task: LaunchTask;
  /** What its experiment is called, for messages. */
  readonly name: string;
  /** The workspace folder. */
  readonly cwd: string;
  /** The folder with packages that were installed on the user's consent; it may not exist. */
  readonly packages: string;
  /** What is to become of the run when this window is closed. */
  readonly wish: OwnerWish;
}

export interface StartOptions {
  /** How long it may take until training begins. */
  readonly timeoutMs: number;
  /** Gives up and ends the process; the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** What the trainer is busy with while it starts. */
  readonly onState?: (state: RunState) => void;
}

/** A trainer that has begun to train, and the connection to it. */
export interface StartedTrainer {
  readonly process: TrainerProcess;
  readonly peer: Peer<EditorSide, TrainerSide>;
  readonly attachment: Attachment;
}

/** How long a trainer that said why it cannot begin may take to end by itself. */
const farewellMs = 5_000;

/**
 * Starts a trainer in a detached process and waits until it trains: readiness raced against exit,
 * time-out and cancellation. When it rejects, no process is left behind.
 *
 * @throws ProblemError from the trainer where the experiment is at fault, `environment` where Node
 * cannot be started, `worker` where the process ends or does not begin in time.
 */
export async function startTrainer(
  command: TrainerCommand,
  { timeoutMs, signal, onState }: StartOptions,
): Promise<StartedTrainer> {
  signal.throwIfAborted();
  const trainer = await spawnTrainer(command);
  const over = new AbortController();
  let state: RunState | undefined;
  const failures = [
    trainer.exited.then((exit): Promise<never> => throwExit(exit, command)),
    delay(timeoutMs, undefined, { signal: over.signal }).then((): never => {
      throw new ProblemError(lateProblem(command, timeoutMs, state));
    }),
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
    }),
  ];
  let peer: Peer<EditorSide, TrainerSide> | undefined;
  const ready = async (): Promise<StartedTrainer> => {
    peer = await untilListening((stop) => connectToTrainer(command.socket, stop), over.signal);
    peer.on('state', (told) => {
      state = told;
      onState?.(told);
    });
    await peer.request('own', { ...command.wish, takeOver: false }, { signal: over.signal });
    const attachment = await peer.request('attach', {}, { signal: over.signal });
    requireOwn(attachment, trainer, command);
    return { process: trainer, peer, attachment };
  };
  const starting = ready();
  // When another contender wins, what this one ends in has been said already.
  for (const contender of [starting, ...failures]) contender.catch(ignore);
  try {
    return await Promise.race([starting, ...failures]);
  } catch (thrown) {
    // Having said why, or having lost its connection, it ends by itself; else it is ended.
    const refused = thrown instanceof ProblemError && thrown.problem.kind !== 'worker';
    const disconnected = peer?.isOpen === false;
    const exited = (refused || disconnected) && (await exitsWithin(trainer, farewellMs));
    if (!exited) await endProcess(trainer, farewellMs);
    peer?.close();
    // A connection that closes while we wait is the exit, seen from its other side.
    if (exited && !refused) await throwExit(await trainer.exited, command);
    throw thrown;
  } finally {
    over.abort();
  }
}

/** @throws ProblemError where somebody else's trainer answers: two windows resumed one run at once */
function requireOwn({ manifest }: Attachment, { pid }: TrainerProcess, command: TrainerCommand) {
  if (command.task.kind !== 'resume' || manifest.worker?.pid === pid) return;
  throw new ProblemError({
    kind: 'environment',
    message: `‘${manifest.name}’ has just been resumed by somebody else.`,
    remedy: 'It trains; open its panel to watch it.',
  });
}

async function spawnTrainer(command: TrainerCommand): Promise<TrainerProcess> {
  const { directory, socket, script, ...rest } = command;
  const log = await openWorkerLog(directory);
  const place = ['--run-directory', directory, '--socket', socket];
  return await spawnDetached({ ...rest, what: 'trainer', args: [script, 'serve', ...place], log });
}

async function throwExit(exit: TrainerExit, command: TrainerCommand): Promise<never> {
  throw new ProblemError({
    kind: 'worker',
    message: `The trainer of ${command.name} ended (${exitText(exit)}) before training began.`,
    remedy: 'The log has its last words.',
    detail: await readLogTail(path.join(command.directory, workerLog)),
  });
}

/** How a process ended, for a message. */
export function exitText({ code, signal }: TrainerExit): string {
  if (signal !== undefined) return `signal ${signal}`;
  return code === undefined ? 'exit code unknown' : `exit code ${code}`;
}

function lateProblem(
  command: TrainerCommand,
  timeoutMs: number,
  state: RunState | undefined,
): Problem {
  const longer = "If it only needs longer, raise the setting 'ebm.startTimeoutSeconds'.";
  const phase = state?.phase === undefined ? '' : `; it was still ${state.phase}`;
  return {
    kind: 'worker',
    message: `${command.name} did not begin to train within ${timeoutMs / 1000} s${phase}.`,
    // What was tried is beyond the experiment's own code, which may loop for ever.
    remedy: state?.isTried
      ? longer
      : `See whether a loop in its code never ends: its energy and its data are tried first. ${longer}`,
    detail: `See ${workerLog}.`,
  };
}

function ignore(): void {
  // Settled already: the race was won by somebody else.
}
