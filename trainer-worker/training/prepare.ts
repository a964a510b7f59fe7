import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { MetricInfo, PreviewLayout } from '../../protocol/run';
import { dataMethod } from '../data';
import { Batches } from '../data/batches';
import { boundsOf } from '../data/bounds';
import type { Dataset } from '../data/dataset';
import { energyMethod } from '../energies';
import type { Energy } from '../energies/energy-method';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { objectiveMethod } from '../objectives';
import { parameterUpdate } from '../optimizers/parameter-update';
import { EagerStep } from './eager-step';
import { checkEnergies, type EnergyOrigin, energyProblem, wrongEnergy } from './energy-problem';
import { TrainingLoop } from './loop';
import { initialParameters } from './parameters';
import type { PreparedTraining } from './prepared-training';
import type { NamedTensor } from './run-observer';
import { startTensorBackend } from './tensor-backend';

/** Rows of data that the panel draws beneath the samples, at most. */
const shownRows = 4096;

/**
 * Loads the data, builds the training step and tries it.
 *
 * @throws ProblemError of kind `experiment` or `data` that says what is wrong and where
 */
export async function prepareTraining(loaded: LoadedExperiment): Promise<PreparedTraining> {
  const { experiment, file, locations } = loaded;
  const { seed, preview } = experiment;
  const backend = await startTensorBackend();
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
  tryEnergy(energy, parameters, dataset, origin);
  const step = new EagerStep({
    energy,
    origin,
    objective: objectiveMethod(experiment.objective).build(experiment.objective, { seed, bounds }),
    update: parameterUpdate(experiment.optimizer),
    batches: new Batches(training, dimensions, experiment.batchSize, seed),
    dimensions,
    seed,
    previewChainSteps: preview.chainSteps,
    parameters,
  });
  const shown = training.slice(0, shownRows * dimensions);
  return {
    description: { metrics: metricsOf(layout), preview: layout },
    backend,
    ...(dataset.transform ? { transform: dataset.transform } : {}),
    shownData: { values: shown, count: shown.length / dimensions },
    createLoop: (observers) =>
      new TrainingLoop(
        {
          step,
          steps: experiment.steps,
          preview: { every: preview.every, samples: preview.samples, layout },
          checkpointEvery: experiment.checkpoint.every,
          heldOut,
        },
        observers,
      ),
  };
}

/**
 * Computes and differentiates the energy once, on a few rows of data.
 *
 * @throws ProblemError of kind `experiment` where it throws, has the wrong shape, or does not depend
 *   on the point or on one of its parameters
 */
function tryEnergy(
  energy: Energy,
  parameters: readonly NamedTensor[],
  { training, dimensions }: Dataset,
  origin: EnergyOrigin,
): void {
  const count = Math.min(3, training.length / dimensions);
  tf.tidy(() => {
    const x = tf.tensor2d(training.slice(0, count * dimensions), [count, dimensions]);
    const named = Object.fromEntries(
      parameters.map(({ name, shape, data }) => [name, tf.tensor(data, [...shape])]),
    );
    const total = (given: typeof named, at: tf.Tensor) => {
      const energies = checkEnergies(energy.energy(given, at as tf.Tensor2D), count, origin);
      return tf.sum(energies) as tf.Scalar;
    };
    const differentiated = (what: string, remedy: string, gradient: () => unknown) => {
      try {
        gradient();
      } catch (error) {
        if (error instanceof Error && /Cannot compute gradient of y=f\(x\)/.test(error.message)) {
          throw wrongEnergy(`The energy does not depend on ${what}.`, remedy, origin);
        }
        throw energyProblem(error, origin);
      }
    };
    try {
      total(named, x);
    } catch (error) {
      throw energyProblem(error, origin);
    }
    differentiated(
      'the point x',
      'Compute it from x with tfjs operations, without dataSync or arraySync.',
      () => tf.grad((at) => total(named, at))(x),
    );
    for (const { name } of parameters) {
      differentiated(
        `its parameter '${name}'`,
        'Use the parameter in the energy, or do not return it from init.',
        () => tf.grad((value) => total({ ...named, [name]: value }, x))(named[name]!),
      );
    }
  });
}

function metricsOf({ resolution }: { readonly resolution: number }): MetricInfo[] {
  const metrics: MetricInfo[] = [
    { name: 'loss', label: 'Loss', group: 'Loss' },
    { name: 'energy/data', label: 'Energy of data', group: 'Energy' },
    { name: 'energy/samples', label: 'Energy of samples', group: 'Energy' },
    { name: 'gradient norm', label: 'Gradient norm', group: 'Gradient' },
  ];
  if (resolution > 0) {
    metrics.push({
      name: 'log-likelihood/held-out',
      label: 'Held-out log-likelihood',
      group: 'Likelihood',
      unit: 'nats',
    });
  }
  return metrics;
}
