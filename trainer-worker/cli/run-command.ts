import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import type { BeginTask } from '../../protocol/launch-task';
import { ProblemError } from '../../protocol/problem';
import type { JsonObject } from '../../protocol/run';
import { trainerSocketPath } from '../../protocol/socket-transport';
import { findRun } from '../../run-directory/find-run';
import { readManifest } from '../../run-directory/manifest';
import { newRunName } from '../../run-directory/naming';
import { overridesForRerun } from '../../run-directory/repetition';
import { beginRun, type RunRequest } from '../trainer/server/begin-run';
import { printResult } from './print-result';
import { endAtOnce } from './process-end';
import { makeRunFolder } from './run-folder';
import { type ShellOptions, type ShellRun, trainInShell } from './train-in-shell';

/** What a new run is made of, as a shell says it. */
export interface RunCommandOptions extends ShellOptions {
  readonly steps?: number;
  readonly seed?: number;
  readonly set: JsonObject;
  readonly backend: WantedBackend;
  readonly runs: string;
  /** The run that is to be repeated exactly. */
  readonly exactly?: string;
  /** Where it trains: in this process, where absent. */
  readonly on?: 'slurm';
  readonly dryRun?: true;
}

/**
 * `ebm run`: a new run in the shell, of a file or of what another run was made of.
 *
 * @returns the process's exit code
 */
export async function runCommand(
  file: string | undefined,
  options: RunCommandOptions,
): Promise<number> {
  if (options.on === 'slurm') return await printResult(() => handOver(file, options));
  return await trainInShell(async () => newRun(await taskOf(file, options), options.runs), options);
}

/**
 * `ebm rerun`: a new run of a run's experiment as its file is now, with that run's changes and seed.
 *
 * @returns the process's exit code
 */
export async function rerunCommand(text: string, options: RunCommandOptions): Promise<number> {
  return await trainInShell(async () => {
    const manifest = await readManifest(await findRun(text, path.resolve(options.runs)));
    const task: BeginTask = {
      kind: 'begin',
      experiment: manifest.experiment.file,
      overrides: { ...overridesForRerun(manifest), ...options.set },
      backend: options.backend,
      parent: manifest.id,
    };
    return newRun(task, options.runs);
  }, options);
}

/** Hands a run to Slurm. @returns what was done, for people */
async function handOver(file: string | undefined, options: RunCommandOptions): Promise<string> {
  const task = await taskOf(file, options);
  const { submitRun } = await import('./slurm-command');
  const how = { trialsPerJob: 1, ...(options.dryRun ? { dryRun: true as const } : {}) };
  const runs = path.resolve(options.runs);
  if (task.exactly !== undefined) {
    const { name } = await readManifest(task.exactly);
    return await submitRun(name, task, [], runs, how);
  }
  const { loadExperiment } = await import('../trainer/experiment/load');
  const { overrides } = task;
  const { experiment, sources } = await loadExperiment(task.experiment, { overrides });
  return await submitRun(experiment.name, task, sources, runs, how);
}

/** Makes the directory of a new run, and what begins it. */
async function newRun(task: BeginTask, runs: string): Promise<ShellRun> {
  const createdAt = new Date();
  const { id, directoryName } = newRunName(createdAt, task.copy ?? task.experiment);
  const socket = trainerSocketPath(id);
  const { directory, remove } = await makeRunFolder(path.resolve(runs), directoryName);
  const request: RunRequest = { task, directory, id, createdAt, socket, onLost: endAtOnce };
  return {
    directory,
    socket,
    begin: (listeners, onPhase) => beginRun(request, listeners, onPhase),
    undo: remove,
  };
}

/**
 * What a command line asks for.
 *
 * @throws ProblemError of kind `environment` unless either a file or a run is given
 */
async function taskOf(
  file: string | undefined,
  { exactly, runs, set, steps, seed, backend }: RunCommandOptions,
): Promise<BeginTask> {
  const overrides = {
    ...set,
    ...(steps === undefined ? {} : { steps }),
    ...(seed === undefined ? {} : { seed }),
  };
  if ((file === undefined) === (exactly === undefined)) {
    throw new ProblemError({
      kind: 'environment',
      message: 'Either the file of an experiment is to be given, or a run with --exactly.',
      remedy: 'For example: ebm run two-moons.ebm.ts',
    });
  }
  const told = { kind: 'begin', overrides, backend } as const;
  if (file !== undefined) return { ...told, experiment: path.resolve(file) };
  const directory = await findRun(String(exactly), path.resolve(runs));
  const { experiment } = await readManifest(directory);
  return { ...told, experiment: experiment.file, exactly: directory };
}
