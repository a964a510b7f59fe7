import { spawn } from 'node:child_process';
import path from 'node:path';
import { handOver, type LaunchTask } from '../../protocol/launch-task';
import type { Peer } from '../../protocol/peer';
import { type Problem, ProblemError } from '../../protocol/problem';
import { connectToTrainer, untilListening } from '../../protocol/socket-transport';
import type { EditorSide, TrainerSide } from '../../protocol/trainer';
import { readManifest } from '../../run-directory/manifest';
import { openWorkerLog, readLogTail, workerLog } from '../../run-directory/worker-log';
import { isLiving } from '../../vocabulary/run-status';
import { exitCode } from './exit-code';

/** What one process of a sweep trains, and where. */
export interface Trial {
  readonly task: LaunchTask;
  /** The run directory, which exists. */
  readonly directory: string;
  /** Where its trainer is to listen. */
  readonly socket: string;
}

/** A trainer of a sweep. */
export interface TrialProcess {
  /**
   * How the process of a run that trained has ended: its exit code, or the signal that ended it. Rejects
   * with the `ProblemError` that kept it from beginning.
   */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Asks it to stop with a checkpoint; the second time it ends at once. */
  interrupt(): void;
}

/**
 * Starts a trainer in a process of its own, which outlives this one: it has a process group of its own,
 * and no pipe that could break once it has its task. What it prints goes to the log of its run.
 *
 * @throws ProblemError of kind `storage` where the log cannot be written
 */
export async function trainTrial({ task, directory, socket }: Trial): Promise<TrialProcess> {
  const log = await openWorkerLog(directory);
  const script = process.argv[1]!;
  const place = ['--run-directory', directory, '--socket', socket];
  const child = spawn(
    process.execPath,
    [script, 'serve', ...place, '--unattended', '--task', '-'],
    { detached: true, stdio: ['pipe', log.fd, log.fd], windowsHide: true },
  );
  handOver(task, child);
  const exited = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 1));
  });
  await log.close();
  let hasBegun = false;
  const begin = async (): Promise<void> => {
    const over = new AbortController();
    // Once it is connected, the end of the process is the end of the connection.
    const stopWaiting = () => over.abort();
    exited.then(stopWaiting, stopWaiting);
    let peer: Peer<EditorSide, TrainerSide> | undefined;
    try {
      peer = await untilListening((signal) => connectToTrainer(socket, signal), over.signal);
      const { manifest } = await peer.request('attach', {});
      hasBegun = manifest.worker?.pid === child.pid;
    } catch (thrown) {
      // What it says itself comes before the end of its connection; else its exit is what is told.
      if (peer?.isOpen) throw thrown;
    } finally {
      // What it tells of its steps is for those who look at it.
      peer?.close();
    }
  };
  const train = async () => {
    try {
      await begin();
    } catch (thrown) {
      await exited;
      throw thrown;
    }
    const how = await exited;
    if (!hasBegun && !(await hasEnded(directory, how)))
      throw new ProblemError(await wordless(directory, how));
    return how;
  };
  let isAsked = false;
  return {
    ended: train(),
    interrupt() {
      if (isAsked) child.kill('SIGKILL');
      // Before it trains there is nothing that it could keep.
      else if (!hasBegun) child.kill('SIGTERM');
      else stop(socket).catch(() => child.kill('SIGTERM'));
      isAsked = true;
    },
  };
}

/** Whether a trainer has trained to an end, sooner than its answer came. */
async function hasEnded(directory: string, how: number | NodeJS.Signals): Promise<boolean> {
  if (how !== exitCode.done && how !== exitCode.failed) return false;
  const manifest = await readManifest(directory).catch(() => undefined);
  return manifest !== undefined && !isLiving(manifest.state.status);
}

/** Has a run stop that a window may own. */
async function stop(socket: string): Promise<void> {
  const peer = await connectToTrainer(socket);
  await peer.request('own', { whenGone: 'train', graceMs: 0, takeOver: true });
  await peer.request('stop', {});
}

async function wordless(directory: string, how: number | NodeJS.Signals): Promise<Problem> {
  return {
    kind: 'worker',
    message: `The trainer ended (${how}) before training began.`,
    detail: await readLogTail(path.join(directory, workerLog)),
  };
}
