import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { BeginTask } from '../../protocol/launch-task';
import { printable } from '../../protocol/printable';
import { ProblemError } from '../../protocol/problem';
import type { RunManifest } from '../../protocol/run';
import { replaceFile } from '../../run-directory/files';
import { keepFromGit } from '../../run-directory/keep-from-git';
import { listRuns } from '../../run-directory/listing';
import { newRunName } from '../../run-directory/naming';
import { groupRuns, isDone } from '../../run-directory/run-group';
import { askQueue, largestArray, submit } from '../../run-directory/slurm-commands';
import {
  readSubmission,
  slurmFolderOf,
  writeSubmission,
} from '../../run-directory/slurm-submissions';
import { storageProblem } from '../../run-directory/storage-problem';
import { resetMarks } from '../../run-directory/trial-marks';
import { findTable, type TabledTrial, writeTable } from '../../run-directory/trial-table';
import type { ExperimentSource } from '../trainer/experiment/loaded-experiment';
import {
  arrayOption,
  arraysOf,
  type JobArray,
  jobScript,
  logFolder,
} from '../trainer/slurm/job-script';
import { readProfile } from '../trainer/slurm/profile';
import type { LoadedSweep } from '../trainer/sweeps/load-sweep';
import { planOf } from '../trainer/sweeps/sweep-plan';

/** How runs are handed to Slurm. */
export interface SlurmOptions {
  /** How many jobs run at once; as many as the cluster lets where absent. */
  readonly parallel?: number;
  /** How many runs a job trains, one after the other. */
  readonly trialsPerJob: number;
  /** Shows what would be done, and does nothing. */
  readonly dryRun?: true;
}

/** What is to be trained. */
interface Submission {
  readonly name: string;
  /** Name of the folder below `.ebm/slurm`. */
  readonly key: string;
  readonly runs: string;
  readonly sources: readonly ExperimentSource[];
  /** In the order of the table. */
  readonly trials: readonly TabledTrial[];
  /** The numbers of the tasks that train what is left. */
  readonly tasks: readonly number[];
  /** How many runs are to be trained further. */
  readonly left: number;
  /** What its tasks do, where each takes what there is instead of rows of its own. */
  readonly takes?: string;
}

/** The size of arrays that a dry run without Slurm assumes: what Slurm has unless told otherwise. */
const usualLargestArray = 1001;
const scriptFile = 'job.sh';

/**
 * Hands a sweep to Slurm.
 *
 * @param task what is told of all runs
 * @param runs the folder of runs
 * @returns what was done, for people
 * @throws ProblemError that says why not; nothing was submitted then, or what was is named
 */
export async function submitSweep(
  sweep: LoadedSweep,
  task: BeginTask,
  runs: string,
  options: SlurmOptions,
): Promise<string> {
  const listed = (await listRuns(runs)).filter((listing) => 'manifest' in listing);
  const begun = new Map(
    (groupRuns(listed).find(({ id }) => id === sweep.id)?.runs ?? []).map((run) => [
      run.manifest.group?.index,
      run,
    ]),
  );
  const tabled = await findTable(folderOf(runs, sweep.id));
  const trials = sweep.runs.map(({ overrides, group }, index) => {
    const run = begun.get(group.index);
    const directoryName =
      (run && path.basename(run.directory)) ??
      tabled?.trials[index]?.directoryName ??
      newRunName(new Date(), sweep.file).directoryName;
    const told: BeginTask = { ...task, overrides, group };
    return { directoryName, task: told, isDone: run !== undefined && isDone(run.manifest) };
  });
  const { name, id: key, sources } = sweep;
  const what = { name, key, runs, sources, trials: trials.map(({ isDone: _, ...trial }) => trial) };
  if (sweep.runs[0]?.group.halving) {
    return await submitAll({ ...what, ...thinnedOut(sweep, begun, options) }, options);
  }
  const undone = [...trials.keys()].filter((index) => !trials[index]!.isDone);
  const tasks = [...new Set(undone.map((index) => Math.floor(index / options.trialsPerJob)))];
  return await submitAll({ ...what, tasks, left: undone.length }, options);
}

/**
 * The tasks of a sweep with rungs: as many as are to run at once, each of which takes what there is.
 *
 * @throws ProblemError of kind `environment` where they were to have rows of their own
 */
function thinnedOut(
  { runs }: LoadedSweep,
  begun: ReadonlyMap<number | undefined, { readonly manifest: RunManifest }>,
  { parallel, trialsPerJob }: SlurmOptions,
): Pick<Submission, 'tasks' | 'left' | 'takes'> {
  if (trialsPerJob > 1) {
    throw new ProblemError({
      kind: 'environment',
      message:
        'A sweep with halving has no fixed runs a job: each job takes runs until none is left.',
      remedy: 'Leave out --trials-per-job, and say with --parallel how many jobs there are to be.',
    });
  }
  const records = new Map(
    runs.flatMap(({ group: { index } }) => {
      const run = begun.get(index);
      return run ? [[index, run.manifest] as const] : [];
    }),
  );
  const isOver = planOf(runs, records).next() === undefined;
  const left = runs.filter(({ group: { index } }) => {
    const record = records.get(index);
    return record === undefined || !isDone(record);
  }).length;
  const count = isOver ? 0 : Math.min(left, parallel ?? left);
  return {
    tasks: Array.from({ length: count }, (_, task) => task),
    left: isOver ? 0 : left,
    takes: 'each task takes a run that may be promoted, else a new one, until none is left\n',
  };
}

/**
 * Hands one run to Slurm.
 *
 * @param sources what it is made of; empty where that is kept already
 */
export async function submitRun(
  name: string,
  task: BeginTask,
  sources: readonly ExperimentSource[],
  runs: string,
  options: SlurmOptions,
): Promise<string> {
  const { directoryName } = newRunName(new Date(), task.experiment);
  const trials = [{ directoryName, task }];
  const what = { name, key: directoryName, runs, sources, trials };
  return await submitAll({ ...what, tasks: [0], left: 1 }, options);
}

function folderOf(runs: string, key: string): string {
  return path.join(slurmFolderOf(runs), key);
}

async function submitAll(submission: Submission, options: SlurmOptions): Promise<string> {
  const { name, key, runs, trials, sources, tasks, left, takes } = submission;
  const { parallel, dryRun } = options;
  const folder = folderOf(runs, key);
  const profile = await readProfile(path.dirname(runs));
  const command = {
    ...{ name, folder, workingFolder: process.cwd(), node: process.execPath },
    program: path.resolve(process.argv[1]!),
  };
  const script = jobScript(command, profile);
  const largest = dryRun
    ? await largestArray().catch(() => usualLargestArray)
    : await largestArray();
  const arrays = arraysOf(tasks, largest);
  const lines = arrays.map(
    (array) =>
      `sbatch --array=${arrayOption(array.indices, parallel)} ${argumentsOf(array, options).join(' ')}`,
  );
  if (dryRun) {
    const head = `Nothing is submitted. In ${folder}:\n\n`;
    return `${head}${script}\n${lines.join('\n')}\n`;
  }
  if (left === 0) {
    const done = takes === undefined ? 'done' : 'done or left behind';
    return `all ${trials.length} runs of ‘${name}’ are ${done}\n`;
  }
  const waiting = await unfinished((await readSubmission(folder))?.jobs ?? []);
  if (waiting.length > 0) {
    throw new ProblemError({
      kind: 'environment',
      message: `‘${name}’ is with Slurm already: job ${waiting.join(', ')}.`,
      remedy: `Wait for it, or cancel it first: scancel ${waiting.join(' ')}`,
    });
  }
  await prepare(folder, runs);
  const { writeSourceSnapshot } = await import('../trainer/storage/source-snapshot');
  // Whatever is edited meanwhile, all runs are of the same source.
  const copy =
    sources.length === 0
      ? undefined
      : path.join(folder, await writeSourceSnapshot(folder, sources));
  await writeTable(folder, {
    runs,
    trials: trials.map(({ directoryName, task }) => ({
      directoryName,
      task: { ...task, ...(copy === undefined ? {} : { copy }) },
    })),
  });
  if (takes !== undefined) await resetMarks(folder);
  await replaceFile(folder, scriptFile, [new TextEncoder().encode(script)]);
  const jobs: string[] = [];
  for (const array of arrays) {
    const [file, ...args] = argumentsOf(array, options);
    jobs.push(await submit(folder, arrayOption(array.indices, parallel), file!, args));
    // Before the next one, which may be refused.
    await writeSubmission(folder, { name, jobs });
  }
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  const ids = jobs.join(', ');
  return printable(
    `‘${name}’: ${many(left, 'run')} in ${many(tasks.length, 'task')} of Slurm job ${ids}\n` +
      `${takes ?? ''}runs: ${runs}\nlogs: ${path.join(folder, logFolder)}\n` +
      `ebm list says how they stand and what waits; ebm slurm cancels, holds or releases it.\n`,
  );
}

/** Which of these jobs wait or run, asked now: what would be submitted twice would be trained twice. */
async function unfinished(jobs: readonly string[]): Promise<readonly string[]> {
  const rows = await askQueue(jobs);
  return [...new Set(rows.map(({ job }) => job))].filter((id) => jobs.includes(id));
}

function argumentsOf({ first }: JobArray, { trialsPerJob }: SlurmOptions): readonly string[] {
  return [scriptFile, String(first), String(trialsPerJob)];
}

/** Makes the folders: a job whose log has no folder fails without a word. */
async function prepare(folder: string, runs: string): Promise<void> {
  try {
    await mkdir(path.join(folder, logFolder), { recursive: true });
    await mkdir(runs, { recursive: true });
    await keepFromGit(runs);
  } catch (thrown) {
    throw storageProblem(thrown, folder, 'make the folder');
  }
}
