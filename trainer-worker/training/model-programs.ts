import * as tf from '@tensorflow/tfjs';
import type { Domain } from '../data/domain';
import type { Moments } from '../data/moments';
import { flowLogDensity, isExactIn } from '../diagnostics/flow-log-density';
import type { Energy } from '../energies/energy-method';
import { type EnergyOrigin, wrongEnergy } from '../energies/energy-problem';
import { type Model, modelOf } from '../energies/model';
import { compileProgram, type Program, type TensorSpecs, type Tensors } from '../graph/program';
import { userFiles } from '../graph/source-location';
import { gradientsOf } from '../graph/trace';
import { runChainIn } from '../samplers/chain-in-domain';
import { recorded, recordName } from '../samplers/recorded';
import type { Sampler } from '../samplers/sampler-method';
import type { Sde } from '../sdes/sde-method';
import type { NamedTensor } from './run-observer';

/** An energy with the shapes of its parameters: all that is needed to compile what uses it. */
export interface ModelDefinition {
  readonly energy: Energy;
  readonly origin: EnergyOrigin;
  /** D. */
  readonly dimensions: number;
  readonly domain: Domain;
  /** The initial parameters; only their shapes count here. */
  readonly parameters: readonly NamedTensor[];
  /** The noise level at which it is shown and sampled, where it depends on one. */
  readonly shownNoiseLevel?: number;
}

/** The energy with these parameters filled in. */
export function modelWith(definition: ModelDefinition, parameters: Tensors): Model {
  const { energy, origin, shownNoiseLevel } = definition;
  return modelOf(energy, parameters, origin, shownNoiseLevel);
}

/** How a parameter is called among a program's tensors and in a checkpoint. */
export function parameterName(name: string): string {
  return `parameters/${name}`;
}

/** The parameters as a program takes them. */
function parameterSpecs({ parameters }: ModelDefinition): TensorSpecs {
  return Object.fromEntries(parameters.map(({ name, shape }) => [parameterName(name), { shape }]));
}

/** The parameters by their own names, out of a program's tensors. */
export function parametersIn({ parameters }: ModelDefinition, tensors: Tensors): Tensors {
  return Object.fromEntries(parameters.map(({ name }) => [name, tensors[parameterName(name)]!]));
}

/**
 * Tries an energy on a symbolic batch, before anything is built of it.
 *
 * @throws ProblemError (`experiment`) where it throws, has the wrong shape, cannot be compiled, or
 *   does not depend on the point or on any of its parameters
 */
export function checkEnergy(definition: ModelDefinition, batchSize: number): void {
  const { origin } = definition;
  // Under a name that no parameter has.
  const x = 'the point x';
  let ignored: readonly string[] = [];
  compileProgram({
    inputs: {
      points: { shape: [batchSize, definition.dimensions] },
      ...parameterSpecs(definition),
    },
    isUserFile: userFiles(definition.origin.files),
    step(inputs) {
      const points = inputs['points'] as tf.Tensor2D;
      const parameters = parametersIn(definition, inputs);
      const { energy } = modelWith(definition, parameters);
      const sources = Object.entries(parameters).map(([name, tensor]) => [
        `parameter ${name}`,
        tensor,
      ]);
      const { value, unreached } = gradientsOf(() => tf.sum(energy(points)) as tf.Scalar, {
        [x]: points,
        ...Object.fromEntries(sources),
      });
      ignored = unreached;
      return { outputs: { value } };
    },
  });
  if (ignored.includes(x)) {
    throw wrongEnergy(
      `The energy does not depend on ${x}.`,
      'Compute it from x with tfjs operations.',
      origin,
    );
  }
  // A step warns of single ones, which do no harm.
  if (ignored.length > 0 && ignored.length === definition.parameters.length) {
    throw wrongEnergy(
      'The energy depends on none of its parameters: there is nothing to train.',
      'Use in the energy what init returns.',
      origin,
    );
  }
}

/** Energies of points: inputs `points` `[count, D]` and the parameters, output `energies` `[count]`. */
export function energyProgram(definition: ModelDefinition, count: number): Program {
  return compileProgram({
    inputs: { points: { shape: [count, definition.dimensions] }, ...parameterSpecs(definition) },
    isUserFile: userFiles(definition.origin.files),
    step(inputs) {
      const parameters = parametersIn(definition, inputs);
      const { energy } = modelWith(definition, parameters);
      return { outputs: { energies: energy(inputs['points'] as tf.Tensor2D) } };
    },
  });
}

/** Scores of points: inputs as of {@link energyProgram}, output `scores` `[count, D]`. */
export function scoreProgram(definition: ModelDefinition, count: number): Program {
  return compileProgram({
    inputs: { points: { shape: [count, definition.dimensions] }, ...parameterSpecs(definition) },
    isUserFile: userFiles(definition.origin.files),
    step(inputs) {
      const { score } = modelWith(definition, parametersIn(definition, inputs));
      return { outputs: { scores: score(inputs['points'] as tf.Tensor2D) } };
    },
  });
}

/**
 * Chains for looking at: inputs `points` `[count, D]`, `iterations` and how many are `done` (int32),
 * and the parameters,
 * output `points`.
 */
export function chainProgram(
  definition: ModelDefinition,
  sampler: Sampler,
  count: number,
): Program {
  return compileProgram({
    inputs: {
      points: { shape: [count, definition.dimensions] },
      iterations: { shape: [], dtype: 'int32' },
      done: { shape: [], dtype: 'int32' },
      ...parameterSpecs(definition),
    },
    isUserFile: userFiles(definition.origin.files),
    firstNoiseStream: chainNoiseStream,
    step(inputs) {
      const parameters = parametersIn(definition, inputs);
      const model = modelWith(definition, parameters);
      const points = inputs['points'] as tf.Tensor2D;
      return {
        outputs: {
          ends: runChainIn(
            definition.domain,
            sampler,
            model,
            points,
            inputs['iterations']!,
            inputs['done'],
          ).ends,
        },
      };
    },
  });
}

/**
 * Chains whose way is written down, for `draws` iterations: inputs `points` `[count, D]`, how many
 * iterations are `done` (int32) and the parameters; output `record` `[draws, count, 1 + K]`, of each
 * point its energy and K of its coordinates, {@link mostCoordinates} at most.
 */
export function recordProgram(
  definition: ModelDefinition,
  sampler: Sampler,
  count: number,
  draws: number,
): Program {
  const { dimensions, domain } = definition;
  const kept = Math.min(dimensions, mostCoordinates);
  const coordinates = Array.from({ length: kept }, (_, i) => Math.floor((i * dimensions) / kept));
  const observed = recorded(sampler, draws, (x, model) => {
    // Chains on a half-line run on the whole line; see `chain-in-domain.ts`.
    const points = domain === 'nonnegative' ? tf.abs(x) : x;
    const energies = tf.expandDims(model.energy(x), 1);
    return tf.concat([energies, tf.gather(points, coordinates, 1)], 1) as tf.Tensor2D;
  });
  return compileProgram({
    inputs: {
      points: { shape: [count, dimensions] },
      done: { shape: [], dtype: 'int32' },
      ...parameterSpecs(definition),
    },
    isUserFile: userFiles(definition.origin.files),
    firstNoiseStream: recordNoiseStream,
    step(inputs) {
      const model = modelWith(definition, parametersIn(definition, inputs));
      const points = inputs['points'] as tf.Tensor2D;
      const { statistics } = runChainIn(domain, observed, model, points, draws, inputs['done']);
      return { outputs: { record: statistics[recordName]! } };
    },
  });
}

/**
 * Log-densities under the probability flow: inputs as of {@link energyProgram}, output `logDensities`
 * `[count]`.
 *
 * @param moments those of the data
 */
export function flowProgram(
  definition: ModelDefinition,
  sde: Sde,
  moments: Moments,
  count: number,
): Program {
  const { dimensions } = definition;
  return compileProgram({
    inputs: { points: { shape: [count, dimensions] }, ...parameterSpecs(definition) },
    isUserFile: userFiles(definition.origin.files),
    firstNoiseStream: flowNoiseStream,
    step(inputs) {
      const model = modelWith(definition, parametersIn(definition, inputs));
      const options = { sde, moments, steps: flowSteps, isExact: isExactIn(dimensions) };
      const logDensities = flowLogDensity(model, inputs['points'] as tf.Tensor2D, options);
      return { outputs: { logDensities } };
    },
  });
}

/** Heun's steps along a probability flow: right to a few thousandths of a nat on Gaussian data. */
const flowSteps = 200;

/** Coordinates of each point that are written down: the worst of these tells enough. */
const mostCoordinates = 32;

/** Noise of shown chains is drawn far from that of training steps, which count from 0. */
const chainNoiseStream = 0x8000;
/** And that of recorded chains and of flows far from both. */
const recordNoiseStream = 0xc000;
const flowNoiseStream = 0xe000;
