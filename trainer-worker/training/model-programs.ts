import * as tf from '@tensorflow/tfjs';
import type { Energy } from '../energies/energy-method';
import { type EnergyOrigin, wrongEnergy } from '../energies/energy-problem';
import { type Model, modelOf } from '../energies/model';
import { compileProgram, type Program, type TensorSpecs, type Tensors } from '../graph/program';
import { gradientsOf } from '../graph/trace';
import { runChain } from '../samplers/chain';
import type { Sampler } from '../samplers/sampler-method';
import type { NamedTensor } from './run-observer';

/** An energy with the shapes of its parameters: all that is needed to compile what uses it. */
export interface ModelDefinition {
  readonly energy: Energy;
  readonly origin: EnergyOrigin;
  /** D. */
  readonly dimensions: number;
  /** The initial parameters; only their shapes count here. */
  readonly parameters: readonly NamedTensor[];
}

/** How a parameter is called among a program's tensors and in a checkpoint. */
export function parameterName(name: string): string {
  return `parameters/${name}`;
}

/** The parameters as a program takes them. */
export function parameterSpecs({ parameters }: ModelDefinition): TensorSpecs {
  return Object.fromEntries(parameters.map(({ name, shape }) => [parameterName(name), { shape }]));
}

/** The parameters by their own names, out of a program's tensors. */
export function parametersIn({ parameters }: ModelDefinition, tensors: Tensors): Tensors {
  return Object.fromEntries(parameters.map(({ name }) => [name, tensors[parameterName(name)]!]));
}

/** Whether a file is the user's own code, for the places that problems name. */
export function isUserFile({ origin }: ModelDefinition): (file: string) => boolean {
  const files = new Set(origin.files);
  return (file) => files.has(file);
}

/**
 * Energies of points: inputs `points` `[count, D]` and the parameters, output `energies` `[count]`.
 *
 * @throws ProblemError (`experiment`) where the energy throws, has the wrong shape, cannot be
 *   compiled, or does not depend on the point or on one of its parameters
 */
export function energyProgram(definition: ModelDefinition, count: number): Program {
  return compileProgram({
    inputs: { points: { shape: [count, definition.dimensions] }, ...parameterSpecs(definition) },
    isUserFile: isUserFile(definition),
    step(inputs) {
      const points = inputs['points'] as tf.Tensor2D;
      const parameters = parametersIn(definition, inputs);
      const model = modelOf(definition.energy, parameters, definition.origin);
      requireDependence(definition, model, points, parameters);
      return { outputs: { energies: model.energy(points) } };
    },
  });
}

/** @throws ProblemError (`experiment`) where the energy ignores the point or a parameter */
function requireDependence(
  { origin }: ModelDefinition,
  { energy }: Model,
  points: tf.Tensor2D,
  parameters: Tensors,
): void {
  // Two calls, as the names of parameters are the user's and could be the point's too.
  const total = () => tf.sum(energy(points)) as tf.Scalar;
  if (gradientsOf(total, { points }).unreached.length > 0) {
    throw wrongEnergy(
      'The energy does not depend on the point x.',
      'Compute it from x with tfjs operations.',
      origin,
    );
  }
  const [ignored] = gradientsOf(total, parameters).unreached;
  if (ignored === undefined) return;
  throw wrongEnergy(
    `The energy does not depend on its parameter '${ignored}'.`,
    'Use the parameter in the energy, or do not return it from init.',
    origin,
  );
}

/**
 * Chains for looking at: inputs `points` `[count, D]`, `iterations` (int32) and the parameters,
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
      ...parameterSpecs(definition),
    },
    isUserFile: isUserFile(definition),
    firstNoiseStream: chainNoiseStream,
    step(inputs) {
      const parameters = parametersIn(definition, inputs);
      const model = modelOf(definition.energy, parameters, definition.origin);
      const points = inputs['points'] as tf.Tensor2D;
      return { outputs: { ends: runChain(sampler, model, points, inputs['iterations']!) } };
    },
  });
}

/** Noise of shown chains is drawn far from that of training steps, which count from 0. */
const chainNoiseStream = 0x8000;
