import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import type { BeginTask } from '../../protocol/launch-task';
import { ProblemError } from '../../protocol/problem';
import type { RunState } from '../../protocol/run';
import { trainerSocketPath } from '../../protocol/socket-transport';
import { keepFromGit } from '../../run-directory/keep-from-git';
import { newRunName } from '../../run-directory/naming';
import { readLogTail, workerLog } from '../../run-directory/worker-log';
import { runsFolder } from '../manifest';
import type { NodeRuntime } from '../processes/node-runtime';
import { startTrainer } from '../processes/start-trainer';
import type { Run } from '../runs/run';
import type { RunStore } from '../runs/run-store';

/** What to train, and where. */
export interface LaunchRequest {
  /** What computes is chosen by the settings where the task does not say it. */
  readonly task: BeginTask;
  /** Absolute path of the workspace folder that holds the experiment, and will hold its run. */
  readonly folder: string;
  /** The run's id and the name of its directory; new ones where absent. */
  readonly name?: { readonly id: string; readonly directoryName: string };
}

/** With what to train it. */
export interface LaunchMeans {
  readonly store: RunStore;
  readonly node: NodeRuntime;
  /** The trainer's script. */
  readonly script: string;
  /** What is to compute. */
  readonly backend: WantedBackend;
  /** The folder with packages that were installed on the user's consent; it may not exist. */
  readonly packages: string;
  readonly timeoutMs: number;
  /** Cancels the launch; the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onState?: (state: RunState) => void;
}

/**
 * Makes a run directory, starts its trainer and waits until it trains. When it rejects, neither the
 * directory nor a process is left behind.
 *
 * @throws ProblemError that says why it cannot train, see {@link startTrainer}; `storage` where the
 * run directory cannot be made.
 */
export async function launchRun(request: LaunchRequest, means: LaunchMeans): Promise<Run> {
  const { store, node, script, backend, packages, timeoutMs, signal, onState } = means;
  const { task, folder } = request;
  const { id, directoryName } = request.name ?? newRunName(new Date(), task.experiment);
  const socket = trainerSocketPath(id);
  const directory = path.join(folder, runsFolder, directoryName);
  store.reserve(directory);
  try {
    await makeRunDirectory(folder, directory);
    const started = await startTrainer(
      {
        node,
        script,
        directory,
        socket,
        task: { backend, ...task },
        name: path.basename(task.experiment),
        cwd: folder,
        packages,
        wish: store.wishFor(directory),
      },
      { timeoutMs, signal, ...(onState ? { onState } : {}) },
    );
    return store.adopt(directory, started);
  } catch (error) {
    // The log goes with the directory, so its end is kept in the problem.
    const failure = await withLogTail(error, path.join(directory, workerLog));
    await rm(directory, { recursive: true, force: true });
    throw atOriginal(failure, task);
  } finally {
    store.release(directory);
  }
}

/**
 * Goes on with a run that has ended, in its own directory. When it rejects, the run is as it was.
 *
 * @throws ProblemError that says why it cannot go on, see {@link startTrainer}
 */
export async function resumeRun(
  { directory, id, manifest }: Run,
  folder: string,
  means: LaunchMeans,
): Promise<Run> {
  const { store, node, script, packages, timeoutMs, signal, onState } = means;
  store.reserve(directory);
  try {
    const started = await startTrainer(
      {
        node,
        script,
        directory,
        socket: trainerSocketPath(id),
        // What computes is what did before.
        task: { kind: 'resume' },
        name: path.basename(manifest.experiment.file),
        cwd: folder,
        packages,
        wish: store.wishFor(directory),
      },
      { timeoutMs, signal, ...(onState ? { onState } : {}) },
    );
    return store.adopt(directory, started);
  } finally {
    store.release(directory);
    // Somebody else may have taken it up meanwhile.
    await store.refresh(directory);
  }
}

/**
 * Makes a run directory of a workspace folder, or the folder of all its runs.
 *
 * @throws ProblemError of kind `storage` where it cannot be made
 */
export async function makeRunDirectory(folder: string, directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await keepFromGit(path.join(folder, runsFolder));
  } catch (error) {
    throw new ProblemError(
      {
        kind: 'storage',
        message: `The run directory ${directory} cannot be made: ${(error as Error).message}.`,
        remedy: 'Make the folder writable, or free some space.',
      },
      { cause: error },
    );
  }
}

/** A problem in the copy of an experiment, told at the file that people know. */
function atOriginal(error: unknown, { experiment, copy }: BeginTask): unknown {
  if (!(error instanceof ProblemError)) return error;
  const { location } = error.problem;
  if (copy === undefined || location?.file !== copy) return error;
  const at = { ...location, file: experiment };
  return new ProblemError({ ...error.problem, location: at }, { cause: error });
}

async function withLogTail(error: unknown, log: string): Promise<unknown> {
  if (!(error instanceof ProblemError) || error.problem.detail !== undefined) return error;
  const detail = await readLogTail(log);
  return detail === '' ? error : new ProblemError({ ...error.problem, detail }, { cause: error });
}
