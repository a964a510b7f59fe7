import path from 'node:path';
import type { WantedBackend } from '../../../protocol/backends';
import { ProblemError, problemOf } from '../../../protocol/problem';
import type { RunManifest } from '../../../protocol/run';
import {
  type KeptCheckpoint,
  listCheckpoints,
  readCheckpoint,
} from '../../../run-directory/checkpoints';
import { readManifest } from '../../../run-directory/manifest';
import { valuesAfter } from '../../../vocabulary/knobs';
import { formatCount } from '../../../vocabulary/quantities';
import { chooseBackend } from '../../compiler/backends/choose';
import type { ExperimentSpec } from '../experiment/experiment';
import { loadKeptExperiment } from '../experiment/kept-source';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { compileTraining, type TrainingDefinition } from '../training/compile-training';
import { defineTraining, locatingOptions } from '../training/prepare';
import type { TrainingStep } from '../training/training-step';

/** A run as one of its checkpoints has it: what it is made of, loaded and run nowhere yet. */
export interface KeptModel {
  readonly manifest: RunManifest;
  readonly checkpoint: KeptCheckpoint;
  readonly loaded: LoadedExperiment;
  /** The experiment with what was changed by hand up to the checkpoint. */
  readonly experiment: ExperimentSpec;
}

/**
 * Reads a run and one of its checkpoints, and loads the source that it keeps. Writes nothing.
 *
 * @param step of the checkpoint; the newest where absent
 * @throws ProblemError of kind `storage` where there is no such checkpoint, and what is wrong with it or
 *   with the source
 */
async function readKeptModel(directory: string, step?: number): Promise<KeptModel> {
  const manifest = await readManifest(directory);
  const checkpoint = await readCheckpoint(directory, await stepOf(directory, manifest, step));
  const loaded = await loadKeptExperiment(directory, manifest);
  const values = valuesAfter(manifest.changes ?? [], checkpoint.step);
  const experiment = Object.keys(values).length > 0 ? loaded.changed(values) : loaded.experiment;
  return { manifest, checkpoint, loaded, experiment };
}

/**
 * The step of the checkpoint that is asked for.
 *
 * @throws ProblemError of kind `storage` where there is no such checkpoint
 */
export async function stepOf(
  directory: string,
  { name }: Pick<RunManifest, 'name'>,
  wanted: number | undefined,
): Promise<number> {
  const steps = await listCheckpoints(directory);
  const newest = steps.at(-1);
  if (newest === undefined) {
    throw new ProblemError({
      kind: 'storage',
      message: `‘${name}’ has kept no checkpoint, so that there is no model to look at.`,
      remedy: 'Wait for the first one, or have one written: ebm checkpoint.',
    });
  }
  if (wanted === undefined || steps.includes(wanted)) return wanted ?? newest;
  throw new ProblemError({
    kind: 'storage',
    message: `‘${name}’ has no checkpoint of step ${formatCount(wanted)}.`,
    remedy: `It has those of ${steps.map(formatCount).join('; ')}.`,
  });
}

/** A kept model with its data. */
export interface ReadyModel {
  readonly model: KeptModel;
  readonly defined: KeptDefinition;
}

/**
 * Reads a run, one of its checkpoints, the source that it keeps and its data.
 *
 * @throws ProblemError as of {@link readKeptModel} and {@link defineKeptModel}
 */
export async function readyModel(directory: string, step?: number): Promise<ReadyModel> {
  const model = await readKeptModel(directory, step);
  return { model, defined: await defineKeptModel(model) };
}

/** The data of a kept model, and what would be trained on them. */
export type KeptDefinition = Awaited<ReturnType<typeof defineKeptModel>>;

/**
 * Loads the data of a kept model.
 *
 * @throws ProblemError of kind `experiment` or `data`; also where the data are others than it was trained
 *   on, by which its numbers would mean something else
 */
async function defineKeptModel({ loaded, experiment, checkpoint, manifest }: KeptModel) {
  const defined = await defineTraining({ ...loaded, experiment }, checkpoint);
  for (const { file, sha256 } of defined.dataset.files ?? []) {
    const before = manifest.dataFiles?.find((one) => one.file === file);
    if (before === undefined || before.sha256 === sha256) continue;
    throw new ProblemError({
      kind: 'data',
      message: `The data file ${file} has changed since ‘${manifest.name}’ began: it would give the numbers of the model another scale.`,
      remedy: 'Put the file there that it was trained on.',
    });
  }
  return defined;
}

/**
 * Hands a kept model to a backend: to the one that its run has, so that numbers are the same to the bit, or
 * to the best where that is not there. Who is done with it disposes of it.
 *
 * @param definition that of {@link defineKeptModel}, or with other chains
 * @param wanted the backend, where another one is asked for
 * @throws ProblemError of kind `experiment` or `environment`
 */
export async function startKeptModel(
  { loaded, manifest }: KeptModel,
  definition: TrainingDefinition,
  wanted?: WantedBackend,
): Promise<{ readonly step: TrainingStep; readonly backend: string }> {
  const compiled = locatingOptions(loaded, () => compileTraining(definition));
  const { program, feeds, initial } = compiled;
  const experimentFolder = path.dirname(loaded.file);
  const choose = (backend: WantedBackend) =>
    chooseBackend({ wanted: backend, program, feeds, initial, experimentFolder });
  const before = manifest.backend?.name as WantedBackend | undefined;
  const backend = await choose(wanted ?? before ?? 'auto').catch((thrown: unknown) => {
    if (wanted !== undefined || problemOf(thrown).kind !== 'environment') throw thrown;
    return choose('auto');
  });
  return { step: await compiled.start(backend), backend: backend.name };
}
