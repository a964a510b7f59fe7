import * as tf from '@tensorflow/tfjs';
import type { Arithmetic } from '../../../protocol/run';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import type { Program } from '../../compiler/graph/program';
import {
  compileProgram,
  type TensorSpecs,
  type Tensors,
} from '../../compiler/trace/compile-program';
import { userFiles } from '../../compiler/trace/source-location';
import { gradientsOf, loop } from '../../compiler/trace/trace';
import type { Domain } from '../../methods/data/domain';
import type { Moments } from '../../methods/data/moments';
import { flowLogDensity, isExactIn } from '../../methods/diagnostics/flow-log-density';
import type { Energy } from '../../methods/energies/energy-method';
import { type EnergyOrigin, wrongEnergy } from '../../methods/energies/energy-problem';
import { type Model, modelOf } from '../../methods/energies/model';
import { underPrefix, withPrefix } from '../../methods/energies/parameter-prefix';
import { carrying } from '../../methods/samplers/carrying';
import { type ChainPast, runChain } from '../../methods/samplers/chain';
import { modelIn, pointsIn } from '../../methods/samplers/chain-in-domain';
import { recorded, recordName } from '../../methods/samplers/recorded';
import type { Sampler } from '../../methods/samplers/sampler-method';
import type { Sde } from '../../methods/sdes/sde-method';

/** An energy with the shapes of its parameters: all that is needed to compile what uses it. */
export interface ModelDefinition {
  readonly energy: Energy;
  readonly origin: EnergyOrigin;
  /** D. */
  readonly dimensions: number;
  readonly domain: Domain;
  /** Of each category, of categorical data. */
  readonly levels?: readonly number[];
  /** The initial parameters; only their shapes count here. */
  readonly parameters: readonly NamedTensor[];
  /** Which of equal expressions are computed; the newest where absent. */
  readonly arithmetic?: Arithmetic;
  /** The noise level at which it is shown and sampled, where it depends on one. */
  readonly shownNoiseLevel?: number;
}

/** The energy with these parameters filled in. */
export function modelWith(definition: ModelDefinition, parameters: Tensors): Model {
  const { energy, origin, shownNoiseLevel, levels } = definition;
  return modelOf(energy, parameters, origin, shownNoiseLevel, levels);
}

/** Whose code a program is traced from, and how it is written down. */
export function written({ origin, arithmetic }: ModelDefinition) {
  return { isUserFile: userFiles(origin.files), ...(arithmetic ? { arithmetic } : {}) };
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
    ...written(definition),
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
    batch: { rows: count },
    ...written(definition),
    step(inputs) {
      const parameters = parametersIn(definition, inputs);
      const { energy } = modelWith(definition, parameters);
      return { outputs: { energies: energy(inputs['points'] as tf.Tensor2D) } };
    },
  });
}

/**
 * Energies of points of each class, for energies of a label: inputs as of {@link energyProgram}, output
 * `classEnergies` `[count, classes]`.
 */
export function classProgram(definition: ModelDefinition, classes: number, count: number): Program {
  return compileProgram({
    inputs: { points: { shape: [count, definition.dimensions] }, ...parameterSpecs(definition) },
    batch: { rows: count },
    ...written(definition),
    step(inputs) {
      const { energy } = modelWith(definition, parametersIn(definition, inputs));
      const points = inputs['points'] as tf.Tensor2D;
      const ofClasses = Array.from({ length: classes }, (_, label) =>
        tf.expandDims(energy(points, tf.fill([count], label)), 1),
      );
      return { outputs: { classEnergies: tf.concat(ofClasses, 1) } };
    },
  });
}

/** Scores of points: inputs as of {@link energyProgram}, output `scores` `[count, D]`. */
export function scoreProgram(definition: ModelDefinition, count: number): Program {
  return compileProgram({
    inputs: { points: { shape: [count, definition.dimensions] }, ...parameterSpecs(definition) },
    batch: { rows: count },
    ...written(definition),
    step(inputs) {
      const { score } = modelWith(definition, parametersIn(definition, inputs));
      return { outputs: { scores: score(inputs['points'] as tf.Tensor2D) } };
    },
  });
}

/** Programs that run chains in pieces. */
export interface ChainPrograms {
  /**
   * What the sampler carries into the first iteration: inputs `points` `[count, D]` and the
   * parameters, an output for each tensor. Absent where it carries nothing.
   */
  readonly begin?: Program;
  /**
   * A piece of the chains: inputs `points` `[count, D]`, `iterations` and how many are `done` (int32),
   * what is carried, and the parameters; outputs `next/points`, where the next piece goes on, `ends`,
   * where that is in the domain, and what is carried on as `next/NAME`. Each iteration draws noise as a step of its own.
   */
  readonly advance: Program;
  /**
   * Chains whose way is written down, for so many `draws`: inputs as of `advance` but `iterations`;
   * output `record` `[draws, count, 1 + K]`, of each point its energy and K of its coordinates,
   * {@link mostCoordinates} at most.
   */
  record(draws: number): Program;
}

/** How what a sampler carries is called among the tensors of {@link ChainPrograms}. */
const carriedPrefix = 'carried/';
/** And among the outputs of a piece, which the next one takes without it. */
export const nextPrefix = 'next/';
/** And what the sampler tells. */
export const statisticPrefix = 'statistic/';

/**
 * Chains for looking at.
 *
 * @param isTold whether a piece has outputs `statistic/NAME` as well: what the sampler tells of all
 *   iterations so far
 */
export function chainPrograms(
  definition: ModelDefinition,
  sampler: Sampler,
  count: number,
  isTold = false,
): ChainPrograms {
  const { dimensions, domain } = definition;
  const inputs = { points: { shape: [count, dimensions] }, ...parameterSpecs(definition) };
  const traced = written(definition);
  const batch = { rows: count };
  const modelOn = (tensors: Tensors) => modelWith(definition, parametersIn(definition, tensors));
  const begin = compileProgram({
    inputs,
    ...traced,
    batch,
    firstNoiseStream: beginningNoiseStream,
    step(tensors) {
      const carried = carrying(sampler).init(
        tensors['points'] as tf.Tensor2D,
        modelIn(domain, modelOn(tensors)),
        (begun) => begun,
      );
      return { outputs: withPrefix(carriedPrefix, carried) };
    },
  });
  const carries = Object.keys(begin.outputs).length > 0;
  const goingOn: TensorSpecs = {
    ...inputs,
    done: { shape: [], dtype: 'int32' },
    ...Object.fromEntries(
      Object.entries(begin.outputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }]),
    ),
  };
  const pastIn = (tensors: Tensors): ChainPast => ({
    done: tensors['done'],
    resume: (anew) => ({ ...anew, ...underPrefix(carriedPrefix, tensors) }),
  });
  return {
    ...(carries ? { begin } : {}),
    advance: compileProgram({
      inputs: { ...goingOn, iterations: { shape: [], dtype: 'int32' } },
      ...traced,
      batch,
      firstNoiseStream: chainNoiseStream,
      noiseByIteration: true,
      step(tensors) {
        const { points, iterations } = tensors as { points: tf.Tensor2D; iterations: tf.Scalar };
        const model = modelIn(domain, modelOn(tensors));
        const past = pastIn(tensors);
        const run = runChain(sampler, model, points, iterations, past);
        const { ends, carried, statistics } = run;
        return {
          outputs: {
            ...(isTold ? withPrefix(statisticPrefix, statistics) : {}),
            ends: pointsIn(domain, ends),
            ...withPrefix(nextPrefix, { points: ends, ...withPrefix(carriedPrefix, carried) }),
          },
        };
      },
    }),
    record(draws) {
      const kept = Math.min(dimensions, mostCoordinates);
      const coordinates = Array.from({ length: kept }, (_, i) =>
        Math.floor((i * dimensions) / kept),
      );
      const observed = recorded(sampler, draws, (x, model) => {
        const energies = tf.expandDims(model.energy(x), 1);
        const points = tf.gather(pointsIn(domain, x), coordinates, 1);
        return tf.concat([energies, points], 1) as tf.Tensor2D;
      });
      return compileProgram({
        inputs: goingOn,
        ...traced,
        batch,
        firstNoiseStream: recordNoiseStream,
        step(tensors) {
          const model = modelIn(domain, modelOn(tensors));
          const points = tensors['points'] as tf.Tensor2D;
          const { statistics } = runChain(observed, model, points, draws, pastIn(tensors));
          return { outputs: { record: statistics[recordName]! } };
        },
      });
    },
  };
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
    ...written(definition),
    firstNoiseStream: flowNoiseStream,
    step(inputs) {
      const model = modelWith(definition, parametersIn(definition, inputs));
      const options = { sde, moments, steps: flowSteps, isExact: isExactIn(dimensions) };
      const logDensities = flowLogDensity(model, inputs['points'] as tf.Tensor2D, options);
      return { outputs: { logDensities } };
    },
  });
}

/** log Z of an energy that knows it exactly: inputs the parameters, output `logPartition`. */
export function partitionProgram(
  definition: ModelDefinition,
  logPartition: NonNullable<Energy['logPartition']>,
): Program {
  return compileProgram({
    inputs: parameterSpecs(definition),
    ...written(definition),
    step: (inputs) => ({
      outputs: { logPartition: logPartition(parametersIn(definition, inputs)) },
    }),
  });
}

/** From independent numbers to the model, and back. */
export const annealingDirections = ['to the model', 'to the base'] as const;
export type AnnealingDirection = (typeof annealingDirections)[number];

/** How finely and with how many chains log Z is estimated. */
export interface AnnealingSize {
  readonly temperatures: number;
  readonly chains: number;
}

/** Parameters from which an energy is large: fewer chains then. */
const largeEnergy = 1e5;

/** The annealing that an energy with these parameters gets. */
export function annealingSize({ parameters }: ModelDefinition): AnnealingSize {
  const size = parameters.reduce((sum, { data }) => sum + data.length, 0);
  return { temperatures: 1000, chains: size > largeEnergy ? 128 : 512 };
}

/** What annealing needs of an energy: points, with all that is swept beside them, `[n, width]`. */
export interface AnnealedWay {
  readonly path: NonNullable<Energy['path']>;
  /** Numbers in a point with what lies beside it. */
  width(dimensions: number): number;
  /** Energies, `[n]`. */
  energy(parameters: Tensors, points: tf.Tensor2D): tf.Tensor;
  /** All numbers drawn anew. */
  sweep(parameters: Tensors, points: tf.Tensor2D): tf.Tensor2D;
}

/** How an energy is annealed that has a path from independent numbers; `undefined` where it has none. */
export function annealedWay({ path, sweep, latent, energy }: Energy): AnnealedWay | undefined {
  if (path === undefined) return undefined;
  if (latent) {
    const apart = (joined: tf.Tensor2D) =>
      tf.split(joined, [joined.shape[1] - latent.units, latent.units], 1) as [
        tf.Tensor2D,
        tf.Tensor2D,
      ];
    return {
      path,
      width: (dimensions) => dimensions + latent.units,
      energy: (parameters, joined) => latent.energy(parameters, ...apart(joined)),
      sweep(parameters, joined) {
        const { x, units } = latent.sweep(parameters, ...apart(joined));
        return tf.concat([x, units], 1);
      },
    };
  }
  return sweep && { path, width: (dimensions) => dimensions, energy, sweep };
}

/**
 * Draws of the units that lie beside points given these: inputs `points` `[count, D]` and the parameters,
 * output `joined` `[count, D + units]`.
 */
export function unitsProgram(definition: ModelDefinition, count: number): Program {
  return compileProgram({
    inputs: { points: { shape: [count, definition.dimensions] }, ...parameterSpecs(definition) },
    batch: { rows: count },
    ...written(definition),
    firstNoiseStream: unitsNoiseStream,
    step(inputs) {
      const { latent } = definition.energy;
      if (latent === undefined) throw new Error('This energy has no units beside its points.');
      const parameters = parametersIn(definition, inputs);
      const points = inputs['points'] as tf.Tensor2D;
      const begun = latent.begin(parameters, points);
      const [units] = loop(unitDraws, [begun], (_draw, [before]) => [
        latent.given(parameters, points, before as tf.Tensor2D),
      ]);
      return { outputs: { joined: tf.concat([points, units!], 1) } };
    },
  });
}

/**
 * A piece of annealed importance sampling along the path of an energy (Neal 2001): inputs `points`
 * `[chains, D]`, or as wide as they are with their units, `weights` `[chains]`, the logarithms of the chains' weights, how many `iterations` and how
 * many are `done` (int32), and the parameters; outputs `next/points` and `next/weights`, where the next piece goes on,
 * and `logBase`, log Z where the path begins. In the end the mean of the weights estimates Z over that of
 * the base; to the base, from points of the model, its inverse. To the model it begins with any points.
 *
 * @param means of the training rows
 */
export function annealingProgram(
  definition: ModelDefinition,
  means: readonly number[],
  { path, width, energy, sweep }: AnnealedWay,
  direction: AnnealingDirection,
  { temperatures, chains }: AnnealingSize,
): Program {
  return compileProgram({
    inputs: {
      points: { shape: [chains, width(definition.dimensions)] },
      weights: { shape: [chains] },
      done: { shape: [], dtype: 'int32' },
      iterations: { shape: [], dtype: 'int32' },
      ...parameterSpecs(definition),
    },
    batch: { rows: chains },
    ...written(definition),
    firstNoiseStream: annealingNoiseStreams[direction],
    noiseByIteration: true,
    step(inputs) {
      const { points, weights, done, iterations } = inputs;
      const given = parametersIn(definition, inputs);
      const base = tf.tensor1d([...means]);
      const at = (step: tf.Tensor) => {
        const share = tf.div(tf.cast(step, 'float32'), temperatures);
        return path.at(given, direction === 'to the model' ? share : tf.sub(1, share), base);
      };
      const [ends, sums] = loop(iterations!, [points!, weights!], (iteration, [x, logs]) => {
        const step = tf.add(iteration, done!);
        const [here, next] = [at(step), at(tf.add(step, tf.scalar(1, 'int32')))];
        // Where the path begins numbers are independent: the first sweep is a draw, wherever it is from.
        const moved = sweep(here, x as tf.Tensor2D);
        const gain = tf.sub(energy(here, moved), energy(next, moved));
        return [moved, tf.add(logs!, gain)];
      });
      return {
        outputs: {
          ...withPrefix(nextPrefix, { points: ends!, weights: sums! }),
          logBase: path.logPartition(given, base),
        },
      };
    },
  });
}

/** Heun's steps along a probability flow: right to a few thousandths of a nat on Gaussian data. */
const flowSteps = 200;

/** Times that units are drawn anew beside points that chains go back from, until they have forgotten how they began. */
const unitDraws = 100;

/** Coordinates of each point that are written down: the worst of these tells enough. */
const mostCoordinates = 32;

/** Noise of shown chains is drawn far from that of training steps, which count from 0. */
const chainNoiseStream = 0x8000;
/** That of what they begin with. */
const beginningNoiseStream = 0xa000;
/** And that of recorded chains and of flows far from both. */
const recordNoiseStream = 0xc000;
const flowNoiseStream = 0xe000;
/** Chains one way know nothing of those the other way: their errors are put together. */
const unitsNoiseStream = 0xe400;
const annealingNoiseStreams = { 'to the model': 0xe800, 'to the base': 0xec00 };
