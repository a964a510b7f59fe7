import path from 'node:path';
import type { MetricInfo, PreviewLayout } from '../../protocol/run';
import { type BackendName, chooseBackend } from '../backends/choose';
import { dataMethod } from '../data';
import { Batches } from '../data/batches';
import { boundsOf } from '../data/bounds';
import { energyMethod } from '../energies';
import type { EnergyOrigin } from '../energies/energy-problem';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { objectiveMethod } from '../objectives';
import { parameterUpdate } from '../optimizers/parameter-update';
import { CompiledStep, feedsOf } from './compiled-step';
import { TrainingLoop } from './loop';
import { chainProgram, energyProgram, type ModelDefinition, parameterName } from './model-programs';
import { initialParameters } from './parameters';
import type { PreparedTraining } from './prepared-training';
import type { Checkpoint, NamedTensor } from './run-observer';
import { compileStep } from './step-program';

/** Rows of data that the panel draws beneath the samples, at most. */
const shownRows = 4096;

/** Numbers in the points of one evaluation of an energy, at most: memory stays bounded. */
const largestEvaluation = 2 ** 16;

interface PrepareOptions {
  /** What the user asked for; `auto` where absent. */
  readonly backend?: BackendName | 'auto';
  /** A checkpoint of the same experiment to go on from. */
  readonly saved?: Checkpoint;
}

/**
 * Loads the data, compiles the training step and hands it to a backend.
 *
 * @throws ProblemError of kind `experiment`, `data` or `environment` that says what is wrong and where
 */
export async function prepareTraining(
  loaded: LoadedExperiment,
  { backend: wanted = 'auto', saved }: PrepareOptions = {},
): Promise<PreparedTraining> {
  const { experiment, file, locations } = loaded;
  const { seed, preview, batchSize } = experiment;
  const dataset = await dataMethod(experiment.data).load(experiment.data, {
    directory: path.dirname(file),
    seed,
  });
  const { dimensions, training, heldOut } = dataset;
  const bounds = boundsOf(training, dimensions);
  const layout: PreviewLayout = {
    dimensions,
    axes: dataset.axes,
    bounds,
    resolution: dimensions === 2 ? preview.resolution : 0,
  };
  const origin: EnergyOrigin = {
    files: loaded.sources.map((source) => source.path),
    ...(locations.energy ? { location: locations.energy } : {}),
  };
  const energy = energyMethod(experiment.energy).build(experiment.energy, dimensions);
  const parameters = initialParameters(energy, seed, origin);
  const definition: ModelDefinition = { energy, origin, dimensions, parameters };
  const savedTensors = saved && new Map(saved.tensors.map(({ name, data }) => [name, data]));
  const objective = objectiveMethod(experiment.objective).build(experiment.objective, {
    seed,
    batchSize,
    bounds,
    ...(savedTensors ? { saved: savedTensors } : {}),
  });
  const update = parameterUpdate(experiment.optimizer);
  // The energy first: what is wrong with it is told in its own terms.
  const energies = energyProgram(
    definition,
    Math.max(1, Math.floor(largestEvaluation / dimensions)),
  );
  const chains = chainProgram(definition, objective.sampler, preview.samples);
  const step = compileStep(definition, objective, update, batchSize);
  const initial = [
    ...parameters.map((tensor) => ({ ...tensor, name: parameterName(tensor.name) })),
    ...update.initialState(parameters),
  ].map((tensor): NamedTensor => ({ ...tensor, data: savedTensors?.get(tensor.name) ?? tensor.data }));
  const batches = new Batches(training, dimensions, batchSize, seed);
  const backend = await chooseBackend({
    wanted,
    program: step.program,
    feeds: feedsOf({ batches, objective }, 1),
    initial: Object.fromEntries(initial.map(({ name, data }) => [name, data])),
  });
  const compiled = await CompiledStep.start({
    step,
    energies,
    chains,
    backend,
    objective,
    batches,
    seed,
    previewChainSteps: preview.chainSteps,
    initial,
    parameters: parameters.map(({ name }) => name),
    completed: saved?.step ?? 0,
  });
  const shown = training.slice(0, shownRows * dimensions);
  return {
    description: { metrics: metricsOf(step.metrics, layout), preview: layout },
    backend: { name: backend.name, reason: backend.reason },
    program: step.program,
    warnings: step.warnings,
    ...(dataset.transform ? { transform: dataset.transform } : {}),
    shownData: { values: shown, count: shown.length / dimensions },
    createLoop: (observers) =>
      new TrainingLoop(
        {
          step: compiled,
          completed: saved?.step ?? 0,
          steps: experiment.steps,
          preview: { every: preview.every, layout },
          checkpointEvery: experiment.checkpoint.every,
          heldOut,
        },
        observers,
      ),
  };
}

/** The step's metrics, and what previews measure. */
function metricsOf(ofStep: readonly MetricInfo[], { resolution }: PreviewLayout): MetricInfo[] {
  const ofPreviews: MetricInfo = {
    name: 'log-likelihood/held-out',
    label: 'Held-out log-likelihood',
    group: 'Likelihood',
    unit: 'nats',
  };
  return resolution > 0 ? [...ofStep, ofPreviews] : [...ofStep];
}
