import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '../../protocol/printable';
import { ProblemError, problemOf } from '../../protocol/problem';
import { trainerSocketPath } from '../../protocol/socket-transport';
import { manifestFileName, readManifest } from '../../run-directory/manifest';
import { runIdOf } from '../../run-directory/naming';
import { isDone } from '../../run-directory/run-group';
import { actOnJobs } from '../../run-directory/slurm-commands';
import { brokenFile, errorCode, storageProblem } from '../../run-directory/storage-problem';
import { readTable, type TrialTable } from '../../run-directory/trial-table';
import { factsOf, isLiving } from '../../vocabulary/run-status';
import { rungText } from '../../vocabulary/rungs';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';
import { HalvingQueue, type TakenTrial } from './slurm-halving';
import { type TrialProcess, trainTrial } from './trial-process';

export interface SlurmTaskOptions {
  readonly folder: string;
  readonly first: number;
  readonly trialsPerJob: number;
}

/** Longer than any job lasts. */
const foreverMs = 2 ** 31 - 1;

/**
 * `ebm slurm-task`: what a job runs. Trains its runs of the table one after the other, each from where it
 * is; of a sweep with rungs, whichever may be promoted or has not begun, until none is left. On SIGUSR2, before its time is over, it has the one that trains write a checkpoint and stop, and
 * queues itself again; on SIGTERM, as it is cancelled or preempted, it does not, since what is cancelled
 * is not to come back and what is preempted does so by itself. Then it waits to be ended: a job that ends
 * by itself counts as done.
 *
 * @returns the process's exit code
 */
export async function slurmTaskCommand(options: SlurmTaskOptions): Promise<number> {
  const { folder, first, trialsPerJob } = options;
  const { SLURM_ARRAY_TASK_ID: index = '0', SLURM_JOB_ID: job } = process.env;
  const log = (text: string) => process.stderr.write(`${printable(text)}\n`);
  const interruption = new Interruption(log);
  let failures = 0;
  try {
    const place = path.resolve(folder);
    const table = await readTable(place);
    const { SLURM_ARRAY_JOB_ID: array = job } = process.env;
    const queue = table.trials[0]?.task.group?.halving
      ? new HalvingQueue({ folder: place, table, owner: `${array}_${index}`, recorded })
      : rowsOf(table, (first + Number(index)) * trialsPerJob, trialsPerJob);
    for (;;) {
      if (interruption.signal !== undefined) break;
      const next = await queue.next();
      if (next === undefined) break;
      if (!(await trainTabled(next, table.runs, interruption, log))) failures += 1;
    }
  } catch (thrown) {
    log(problemText(problemOf(thrown), true));
    return exitCode.refused;
  }
  if (interruption.signal === undefined) return failures > 0 ? exitCode.failed : exitCode.done;
  if (interruption.signal === 'SIGUSR2' && job !== undefined) {
    log(`queueing job ${job} again`);
    await actOnJobs('requeue', [job]).catch((thrown: unknown) =>
      log(problemText(problemOf(thrown))),
    );
  }
  log('waiting to be ended');
  await delay(foreverMs);
  return exitCode.interrupted;
}

/** The rows of a table that are one job's. */
function rowsOf({ trials }: TrialTable, start: number, count: number) {
  const rows = trials.slice(start, start + count);
  return {
    async next(): Promise<TakenTrial | undefined> {
      const trial = rows.shift();
      return trial && { trial };
    },
  };
}

/** What ends a job from outside. */
class Interruption {
  signal: 'SIGUSR2' | 'SIGTERM' | undefined;
  #trial: TrialProcess | undefined;

  constructor(log: (text: string) => void) {
    for (const signal of ['SIGUSR2', 'SIGTERM'] as const) {
      process.on(signal, () => {
        log(`${signal}: a checkpoint is written`);
        // A cancelled job is cancelled, though its time is over as well.
        if (this.signal === undefined) this.#trial?.interrupt();
        if (this.signal !== 'SIGTERM') this.signal = signal;
      });
    }
  }

  set trial(trial: TrialProcess | undefined) {
    this.#trial = trial;
    if (this.signal !== undefined) trial?.interrupt();
  }
}

/** @returns whether it is done, or was interrupted */
async function trainTabled(
  { trial: { directoryName, task }, until }: TakenTrial,
  runs: string,
  interruption: Interruption,
  log: (text: string) => void,
): Promise<boolean> {
  const directory = path.join(runs, directoryName);
  const id = runIdOf(directoryName);
  if (id === undefined) throw brokenFile(directory, 'it is no name of a run.', 'Submit it again.');
  try {
    const before = await recorded(directory);
    if (before && isDone(before)) {
      log(`${directoryName} is done`);
      return true;
    }
    log(`${directoryName} ${before ? `goes on from step ${before.state.step}` : 'begins'}`);
    await mkdir(directory, { recursive: true }).catch((thrown: unknown) => {
      throw storageProblem(thrown, directory, 'make the run directory');
    });
    const stop = until === undefined ? {} : { until };
    const trial = await trainTrial({
      task: before ? { kind: 'resume', ...stop } : { ...task, ...stop },
      directory,
      socket: trainerSocketPath(id),
    });
    interruption.trial = trial;
    await trial.ended.finally(() => {
      interruption.trial = undefined;
    });
    const manifest = await readManifest(directory);
    const { state } = manifest;
    log(
      `${directoryName} ${rungText(manifest) ?? factsOf(state.status).word} after ${state.step} steps`,
    );
    if (state.problem) log(problemText(state.problem));
    return !isLiving(state.status) && !factsOf(state.status).endedBadly;
  } catch (thrown) {
    if (interruption.signal !== undefined) return true;
    log(`${directoryName}: ${problemText(problemOf(thrown), true)}`);
    return false;
  }
}

/** The record of a run; nothing where it has not begun. */
async function recorded(directory: string) {
  try {
    return await readManifest(directory);
  } catch (thrown) {
    const isMissing =
      thrown instanceof ProblemError &&
      errorCode(thrown.cause) === 'ENOENT' &&
      thrown.message.includes(manifestFileName);
    if (isMissing) return undefined;
    throw thrown;
  }
}
