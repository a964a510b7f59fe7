import path from 'node:path';
import type { WantedBackend } from '../../protocol/backends';
import { ProblemError } from '../../protocol/problem';
import type { JsonObject, RunGroup } from '../../protocol/run';
import { trainerSocketPath } from '../../protocol/socket-transport';
import { findRun } from '../../run-directory/find-run';
import { readManifest } from '../../run-directory/manifest';
import { newRunName } from '../../run-directory/naming';
import { overridesForRerun } from '../../run-directory/repetition';
import { beginRun, type RunRequest } from '../trainer/server/begin-run';
import { makeRunFolder } from './run-folder';
import { type ShellOptions, type ShellRun, trainInShell } from './train-in-shell';

export interface RunOptions extends ShellOptions {
  readonly steps?: number;
  readonly seed?: number;
  readonly set: JsonObject;
  readonly backend: WantedBackend;
  readonly runs: string;
  /** The run that is to be had again exactly. */
  readonly exactly?: string;
  /** Of which file the given one is a copy. */
  readonly original?: string;
  readonly group?: RunGroup;
}

/**
 * `ebm run`: a new run in the shell, of a file or of what another run was made of.
 *
 * @returns the process's exit code
 */
export async function runCommand(file: string | undefined, options: RunOptions): Promise<number> {
  return await trainInShell(async () => newRun(await whatOf(file, options), options), options);
}

/**
 * `ebm rerun`: a new run of a run's experiment as its file is now, with that run's changes and seed.
 *
 * @returns the process's exit code
 */
export async function rerunCommand(text: string, options: RunOptions): Promise<number> {
  return await trainInShell(async () => {
    const manifest = await readManifest(await findRun(text, path.resolve(options.runs)));
    const set = { ...overridesForRerun(manifest), ...options.set };
    return newRun({ file: manifest.experiment.file }, { ...options, set }, manifest.id);
  }, options);
}

/** Makes the directory of a new run, and what begins it. */
async function newRun(
  of:
    | { readonly file: string; readonly original?: string }
    | { readonly exactly: string; readonly name: string },
  { runs, set, steps, seed, backend, group }: RunOptions,
  parent?: string,
): Promise<ShellRun> {
  const createdAt = new Date();
  const { id, directoryName } = newRunName(createdAt, 'file' in of ? of.file : of.name);
  const socket = trainerSocketPath(id);
  const { directory, remove } = await makeRunFolder(path.resolve(runs), directoryName);
  const request: RunRequest = {
    of,
    overrides: {
      ...set,
      ...(steps === undefined ? {} : { steps }),
      ...(seed === undefined ? {} : { seed }),
    },
    backend,
    directory,
    id,
    createdAt,
    socket,
    ...(parent === undefined ? {} : { parent }),
    ...(group === undefined ? {} : { group }),
  };
  return {
    directory,
    socket,
    begin: (listeners, onPhase) => beginRun(request, listeners, onPhase),
    undo: remove,
  };
}

/** @throws ProblemError of kind `environment` unless exactly one of the two is given */
async function whatOf(
  file: string | undefined,
  { exactly, original, runs }: RunOptions,
): Promise<{ file: string; original?: string } | { exactly: string; name: string }> {
  if ((file === undefined) === (exactly === undefined)) {
    throw new ProblemError({
      kind: 'environment',
      message: 'Either the file of an experiment is to be given, or a run with --exactly.',
      remedy: 'For example: ebm run two-moons.ebm.ts',
    });
  }
  if (file !== undefined) {
    const copy = original === undefined ? {} : { original: path.resolve(original) };
    return { file: path.resolve(file), ...copy };
  }
  const directory = await findRun(String(exactly), path.resolve(runs));
  return { exactly: directory, name: (await readManifest(directory)).experiment.file };
}
