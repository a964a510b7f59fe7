import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { WantedBackend } from '../../protocol/backends';
import type { BeginTask, LaunchTask } from '../../protocol/launch-task';
import { type Problem, ProblemError, problemOf } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { connectToTrainer, trainerSocketPath } from '../../protocol/socket-transport';
import { sweepSocketPath } from '../../protocol/sweep';
import { thisHost } from '../../run-directory/host';
import { lastValues } from '../../run-directory/last-values';
import { listRuns } from '../../run-directory/listing';
import { readManifest } from '../../run-directory/manifest';
import { newRunName } from '../../run-directory/naming';
import {
  groupRuns,
  isDone,
  isSettled,
  type MeasuredRun,
  summarizeGroup,
} from '../../run-directory/run-group';
import { presenceNow } from '../../run-directory/trainer-presence';
import { BeatWatch, isSameHost } from '../../vocabulary/presence';
import { factsOf, isLiving } from '../../vocabulary/run-status';
import type { LoadedSweep, SweepRun } from '../trainer/sweeps/load-sweep';
import type { SweepObserver } from '../trainer/sweeps/sweep-observer';
import { type Assignment, planOf, type SweepPlan } from '../trainer/sweeps/sweep-plan';
import { SweepServer } from '../trainer/sweeps/sweep-server';
import { exitCode } from './exit-code';
import { problemText } from './problem-text';
import { readTaskOf, type TaskOption } from './read-task';
import { makeRunFolder } from './run-folder';
import { sweepJsonReporter, sweepTextReporter } from './sweep-reporter';
import { type Trial, type TrialProcess, trainTrial } from './trial-process';

export interface SweepCommandOptions {
  readonly set: JsonObject;
  readonly backend: WantedBackend;
  readonly runs: string;
  /** How many runs train at once; one, or on a cluster as many as that lets, where absent. */
  readonly parallel?: number;
  /** Where they train: in processes of this one, where absent. */
  readonly on?: 'slurm';
  readonly trialsPerJob: number;
  readonly dryRun?: true;
  /** Trains all of it again, also what has finished. */
  readonly again?: true;
  /** Instead of a file and what is said of its runs. */
  readonly task?: TaskOption;
  /** Where to listen from the start, for who starts it. */
  readonly socket?: string;
  readonly json?: true;
  readonly verbose?: true;
}

/** How long a sweep that cannot begin waits for who has started it, to tell why. */
const patienceMs = 5_000;
/** A run that an earlier call has begun. */
type BegunRun = Pick<MeasuredRun, 'directory' | 'manifest'>;

/** What is told of a run whose trainer has ended without recording an end. */
const killed: Problem = {
  kind: 'worker',
  message: 'Its trainer was ended in the midst of training.',
  remedy:
    'Sweep again, and it goes on from its last checkpoint. Its worker.log has the last words.',
};

/**
 * `ebm sweep`: trains every run of a file's `sweep`, each in a process of its own, and ranks them. What
 * an earlier, interrupted call has finished stays; what it has begun goes on from its last checkpoint.
 *
 * @returns the process's exit code
 */
export async function sweepCommand(
  file: string | undefined,
  options: SweepCommandOptions,
): Promise<number> {
  const write = (text: string) => process.stdout.write(text);
  const reporter = options.json ? sweepJsonReporter(write) : sweepTextReporter(write);
  const workers = new Workers();
  const server = new SweepServer(() => workers.interruptOnce());
  const observers: readonly SweepObserver[] = [reporter, server];
  let copies: string | undefined;
  try {
    if (options.socket !== undefined) await server.listen(options.socket);
    const runs = path.resolve(options.runs);
    const task = await taskOf(file, options);
    const sweep = await readSweep(task, options.again);
    if (options.on === 'slurm') {
      const { submitSweep } = await import('./slurm-command');
      write(await submitSweep(sweep, task, runs, options));
      return exitCode.done;
    }
    workers.listenToSignals();
    await claim(sweep, runs, server);
    const folder = await mkdtemp(path.join(tmpdir(), 'ebm-sweep-'));
    copies = folder;
    const { writeSourceSnapshot } = await import('../trainer/storage/source-snapshot');
    // Whatever is edited meanwhile, all runs are of the same source.
    const copy = path.join(folder, await writeSourceSnapshot(folder, sweep.sources));
    const begun = new Map<number, BegunRun>(
      (await runsOf(sweep, runs)).map((run) => [run.manifest.group?.index ?? 0, run]),
    );
    const settled = [...begun].flatMap(([index, { manifest }]) =>
      isSettled(manifest) ? [index] : [],
    );
    for (const observer of observers) observer.begin(sweep, settled);
    const plan = planOf(
      sweep.runs,
      new Map([...begun].map(([index, { manifest }]) => [index, manifest])),
    );
    const failures: Problem[] = [];
    const train = async ({ run, until }: Assignment) => {
      const { overrides, group } = run;
      const stop = until === undefined ? {} : { until };
      const told: BeginTask = { ...task, copy, overrides, group, ...stop };
      const before = begun.get(group.index);
      const ended = await trial(told, run, before, runs, { workers, observers });
      if (ended?.problem) failures.push(ended.problem);
      if (ended?.run) begun.set(group.index, ended.run);
      plan.ended(run, ended?.run?.manifest);
    };
    await trainByPlan(plan, train, options.parallel ?? 1, workers);
    const all = await runsOf(sweep, runs);
    reporter.end(sweep, summarizeGroup(await measured(all)));
    if (workers.isInterrupted) return exitCode.interrupted;
    return failures.length > 0 ? exitCode.failed : exitCode.done;
  } catch (thrown) {
    const problem = problemOf(thrown);
    reporter.refused(problem);
    process.stderr.write(`${problemText(problem, options.verbose)}\n`);
    await server.refuse(new ProblemError(problem), options.socket === undefined ? 0 : patienceMs);
    return exitCode.refused;
  } finally {
    await server.close();
    if (copies !== undefined) await rm(copies, { recursive: true, force: true });
  }
}

/**
 * What is told of every run of the sweep.
 *
 * @throws ProblemError of kind `environment` unless either a file or a task is given
 */
async function taskOf(
  file: string | undefined,
  { set, backend, task }: SweepCommandOptions,
): Promise<BeginTask> {
  if ((file === undefined) === (task === undefined)) {
    throw new ProblemError({
      kind: 'environment',
      message: 'The file of an experiment that exports a sweep is to be given.',
      remedy: 'For example: ebm sweep two-moons.ebm.ts',
    });
  }
  if (file === undefined) return await readTaskOf('begin');
  return { kind: 'begin', experiment: path.resolve(file), overrides: set, backend };
}

async function readSweep(
  { experiment, overrides }: BeginTask,
  isAgain: true | undefined,
): Promise<LoadedSweep> {
  const { readExperiment } = await import('../trainer/experiment/load');
  const read = await readExperiment(experiment);
  const { loadSweep } = await import('../trainer/sweeps/load-sweep');
  const again = isAgain ? { again: new Date().toISOString() } : {};
  const sweep = loadSweep(read, { set: overrides, ...again });
  const { requireMetric } = await import('../trainer/sweeps/require-metric');
  await requireMetric(read, sweep);
  return sweep;
}

/**
 * Keeps out a second process that would train the same sweep in the same folder, for as long as this
 * one lives.
 *
 * @throws ProblemError of kind `environment` where there is one
 */
async function claim({ id, name }: LoadedSweep, runs: string, server: SweepServer): Promise<void> {
  try {
    await server.listen(sweepSocketPath(id, runs));
  } catch (thrown) {
    throw new ProblemError(
      {
        kind: 'environment',
        message: `The sweep ‘${name}’ is being trained already, by another process.`,
        remedy: 'Wait for that one, or interrupt it first. With --again it becomes another sweep.',
      },
      { cause: thrown },
    );
  }
}

/** Trains what a plan says, so many at once, until it says nothing any more or is interrupted. */
async function trainByPlan(
  plan: SweepPlan,
  train: (assignment: Assignment) => Promise<void>,
  atOnce: number,
  workers: Workers,
): Promise<void> {
  const training = new Set<Promise<void>>();
  for (;;) {
    while (training.size < atOnce && !workers.isInterrupted) {
      const next = plan.next();
      if (!next) break;
      const one = train(next).finally(() => training.delete(one));
      training.add(one);
    }
    if (training.size === 0) return;
    await Promise.race(training);
  }
}

/** The runs of a sweep that have begun. */
async function runsOf({ id }: LoadedSweep, runs: string) {
  const listed = (await listRuns(runs)).filter((listing) => 'manifest' in listing);
  return groupRuns(listed).find((group) => group.id === id)?.runs ?? [];
}

async function measured(runs: readonly BegunRun[]): Promise<MeasuredRun[]> {
  return await Promise.all(
    runs.map(async (run) => ({ ...run, last: await lastValues(run.directory) })),
  );
}

/**
 * Trains one run of the sweep, from where it is.
 *
 * @returns its record, and what kept it from what it was to do; nothing where that was interrupted before
 */
async function trial(
  task: BeginTask,
  { overrides, group }: SweepRun,
  begun: BegunRun | undefined,
  runs: string,
  {
    workers,
    observers,
  }: { readonly workers: Workers; readonly observers: readonly SweepObserver[] },
): Promise<{ readonly run?: BegunRun; readonly problem?: Problem } | undefined> {
  if (begun) {
    // A trainer outlives the process that started it.
    await Promise.race([trainerGone(begun), workers.interrupted]);
    if (workers.isInterrupted) return undefined;
  }
  for (const observer of observers) observer.trial(group, overrides, begun !== undefined);
  let directory: string;
  try {
    directory = begun ? await goOn(begun, task, workers) : await begin(task, runs, workers);
  } catch (thrown) {
    const problem = problemOf(thrown);
    for (const observer of observers) observer.trialEnd(group, { problem });
    return { problem };
  }
  const manifest = await readManifest(directory);
  const [run] = await measured([{ directory, manifest }]);
  const { status, problem = isLiving(status) ? killed : undefined } = manifest.state;
  for (const observer of observers) observer.trialEnd(group, { run: run!, problem });
  const failed = isLiving(status) || factsOf(status).endedBadly;
  return { run: run!, ...(failed && problem ? { problem } : {}) };
}

/**
 * Trains a new run to its end.
 *
 * @returns its directory
 * @throws ProblemError that kept it from beginning; then nothing of it is left
 */
async function begin(task: BeginTask, runs: string, workers: Workers): Promise<string> {
  const { id, directoryName } = newRunName(new Date(), task.copy ?? task.experiment);
  const { directory, remove } = await makeRunFolder(runs, directoryName);
  try {
    await workers.train({ task, directory, socket: trainerSocketPath(id) });
    return directory;
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}

/**
 * Trains a run to its end that had begun; one that is done by now stays as it is.
 *
 * @returns its directory
 * @throws ProblemError that kept it from going on
 */
async function goOn(
  { directory, manifest: { id } }: BegunRun,
  { until }: Pick<BeginTask, 'until'>,
  workers: Workers,
): Promise<string> {
  if (!isDone(await readManifest(directory))) {
    const task: LaunchTask = { kind: 'resume', ...(until === undefined ? {} : { until }) };
    await workers.train({ task, directory, socket: trainerSocketPath(id) });
  }
  return directory;
}

/** How often a run of another host is looked at (milliseconds). */
const lookMs = 2_000;

/** Waits until no trainer of a run answers any more, or is heard of. */
async function trainerGone({ directory, manifest }: BegunRun): Promise<void> {
  const { worker } = manifest;
  const watch = new BeatWatch();
  let now = manifest;
  while (isLiving(now.state.status) && !isSameHost(now.worker?.host, thisHost())) {
    if ((await presenceNow(directory, now, watch)) === 'lost') return;
    await delay(lookMs, undefined, { ref: false });
    now = await readManifest(directory).catch(() => now);
  }
  if (!isLiving(now.state.status) || !worker) return;
  try {
    const peer = await connectToTrainer(worker.socket);
    await new Promise<void>((resolve) => peer.onClose(() => resolve()));
  } catch {
    // Nobody listens there.
  }
}

/** The trainers at work, and what an interrupt does to them. */
class Workers {
  readonly #living = new Set<TrialProcess>();
  readonly #interruption = new AbortController();
  /** Resolves when they are interrupted. */
  readonly interrupted: Promise<unknown>;

  constructor() {
    this.interrupted = once(this.#interruption.signal, 'abort');
  }

  /** Signals that would end this process end its trainers well from here on. */
  listenToSignals(): void {
    process.on('SIGINT', () => this.#interrupt());
    process.on('SIGTERM', () => this.#interrupt());
  }

  get isInterrupted(): boolean {
    return this.#interruption.signal.aborted;
  }

  /** Has each write a checkpoint and stop; asked again it changes nothing. */
  interruptOnce(): void {
    if (!this.isInterrupted) this.#interrupt();
  }

  /**
   * Trains until the trainer has ended.
   *
   * @throws ProblemError that kept it from beginning
   */
  async train(task: Trial): Promise<void> {
    const trial = await trainTrial(task);
    this.#living.add(trial);
    if (this.isInterrupted) trial.interrupt();
    try {
      await trial.ended;
    } finally {
      this.#living.delete(trial);
    }
  }

  #interrupt(): void {
    this.#interruption.abort();
    // The first asks for a checkpoint, the second ends them at once, as it does `ebm run`.
    for (const trial of this.#living) trial.interrupt();
  }
}
