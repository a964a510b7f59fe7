import { type ChildProcess, execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isProcessAlive } from '../../run-directory/process-alive';
import { isTrainerOf } from './process-identity';

/** How a process ended, as far as that is known. */
export interface TrainerExit {
  readonly code?: number;
  readonly signal?: NodeJS.Signals;
}

/** A trainer's process, whether this window started it or found it. */
export interface TrainerProcess {
  readonly pid: number;
  /** Settles once, when the process has ended. */
  readonly exited: Promise<TrainerExit>;
  /** Signals the whole process group. Does nothing unless the id is verified to be the trainer's. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Stops watching. Never ends the process. Idempotent. */
  dispose(): void;
}

/** The process behind a child that this window spawned detached, as a group of its own. */
export function spawnedProcess(child: ChildProcess & { readonly pid: number }): TrainerProcess {
  // Until the child is reaped its id belongs to nobody else.
  const isVerified = () => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid,
    exited: new Promise((resolve) => {
      const done = (code: number | null, signal: NodeJS.Signals | null) =>
        resolve({ ...(code === null ? {} : { code }), ...(signal === null ? {} : { signal }) });
      if (isVerified()) child.once('exit', done);
      else done(child.exitCode, child.signalCode);
    }),
    kill: async (signal) => {
      if (isVerified()) await killTree(child.pid, signal);
    },
    dispose: () => child.unref(),
  };
}

/** The process of a run that was started by another window or by this one before a reload. */
export function foundProcess(pid: number, directory: string, pollMs = 200): TrainerProcess {
  const watching = new AbortController();
  const watch = async (): Promise<TrainerExit> => {
    // Not our child, so the system does not tell us when it ends: we ask.
    while (await isProcessAlive(pid)) {
      await delay(pollMs, undefined, { signal: watching.signal, ref: false });
    }
    return {};
  };
  const exited = new Promise<TrainerExit>((resolve) => {
    watch().then(resolve, () => {
      // Disposed: nobody waits any more.
    });
  });
  return {
    pid,
    exited,
    kill: async (signal) => {
      if (await isTrainerOf(pid, directory)) await killTree(pid, signal);
    },
    dispose: () => watching.abort(),
  };
}

/** Waits for the end of a process; `false` when the time is up first. */
export async function exitsWithin(process: TrainerProcess, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      process.exited.then(() => true),
      delay(milliseconds, false, { signal: timer.signal }),
    ]);
  } finally {
    timer.abort();
  }
}

/** Ends a process and its group: SIGTERM, `graceMs`, SIGKILL. Resolves when it has ended. */
export async function endProcess(process: TrainerProcess, graceMs: number): Promise<void> {
  await process.kill('SIGTERM');
  if (await exitsWithin(process, graceMs)) return;
  await process.kill('SIGKILL');
  await exitsWithin(process, graceMs);
}

async function killTree(pid: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (process.platform === 'win32') {
    const force = signal === 'SIGKILL' ? ['/F'] : [];
    await promisify(execFile)('taskkill', ['/PID', String(pid), '/T', ...force], {
      windowsHide: true,
    }).catch(() => {
      // It ended meanwhile, or refuses without /F: the caller waits, then forces.
    });
    return;
  }
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch (error) {
      // ESRCH on the group: it leads none (started from a shell script), so signal it alone.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
