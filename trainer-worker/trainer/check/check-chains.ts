import * as tf from '@tensorflow/tfjs';
import { formatNumber } from '../../../vocabulary/quantities';
import type { Backend } from '../../compiler/backends/backend';
import type { Arrays } from '../../compiler/run/execution';
import { compileProgram } from '../../compiler/trace/compile-program';
import { userFiles } from '../../compiler/trace/source-location';
import { momentsOf } from '../../methods/data/moments';
import { sampledRows } from '../../methods/data/sampled-rows';
import type { Energy } from '../../methods/energies/energy-method';
import { objectiveMethod } from '../../methods/objectives';
import type { OptionPath } from '../../methods/options/option-error';
import { samplerMethod } from '../../methods/samplers';
import { runChainIn } from '../../methods/samplers/chain-in-domain';
import type { Sampler } from '../../methods/samplers/sampler-method';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import {
  type ModelDefinition,
  modelWith,
  parameterSpecs,
  parametersIn,
} from '../training/model-programs';
import type { Findings } from './findings';

/** Chains that are tried at most, and for how long. */
const mostChains = 64;
const iterations = 100;
/** Numbers of noise that may lie in memory for it. */
const mostNoiseNumbers = 2 ** 22;

/**
 * Of the data's deviation: what chains move in {@link iterations} at least, and the noise that one
 * iteration may have. With noise ε an unadjusted chain gives a Gaussian of deviation s the variance
 * s²/(1 − ε²/4s²): a third too much at ε = s, and no stationary law at all from ε = 2s on.
 */
const leastMovement = 1e-3;
const mostNoise = 1;
/** Deviations from the middle of the data that no chain should get to. */
const farAway = 20;
/** Chains with a Metropolis correction that accept less than this share stand still. */
const leastAcceptance = 0.05;

/** What chains are tried with. */
export interface TriedChains {
  readonly loaded: LoadedExperiment;
  readonly model: ModelDefinition;
  /** `[n, D]` rows of data, from which they start. */
  readonly rows: Float32Array;
  /** Of the energy, by the names that steps have for them. */
  readonly parameters: Arrays;
  readonly backend: Backend;
  readonly seed: number;
}

/**
 * Runs chains of the experiment's sampler from the data, and finds such as stand still, run away or
 * know nothing of the energy for their own noise.
 */
export async function checkChains(tried: TriedChains, findings: Findings): Promise<void> {
  const { loaded, model, rows } = tried;
  const { experiment } = loaded;
  const ofObjective = objectiveMethod(experiment.objective).previewSampler?.(experiment.objective);
  const spec = ofObjective ?? experiment.preview.sampler;
  const at: OptionPath = ofObjective
    ? ['objective', ...(experiment.objective.type === 'custom' ? ['options'] : []), 'sampler']
    : ['preview', 'sampler'];
  const called = `sampler.${spec.type}`;
  if (samplerMethod(spec).ends || model.shownNoiseLevel !== undefined) {
    findings.fact('chains', `${called} leads from noise to data and was not tried`);
    return;
  }
  const { dimensions, domain } = model;
  const sampler = samplerMethod(spec).build(spec);
  const affordable = Math.floor(mostNoiseNumbers / (iterations * dimensions));
  const starts = sampledRows(rows, dimensions, Math.max(4, Math.min(mostChains, affordable)));
  const { means, variances } = momentsOf(rows, dimensions);
  const scale = Math.sqrt(meanOf(variances.filter((variance) => variance > 0)));
  const { ends, acceptance } = await walk(tried, model, sampler, starts, iterations);
  if (!ends.every(Number.isFinite)) {
    findings.wrong({
      message: `Chains of ${called} are no longer finite after ${iterations} iterations from the data.`,
      remedy: 'Use a smaller stepSize, or an energy that grows far from the data.',
      at,
    });
    return;
  }
  const moved = rootMeanSquare(ends.map((value, i) => value - starts[i]!)) / scale;
  const away = rootMeanSquare(ends.map((value, i) => value - means[i % dimensions]!)) / scale;
  const told =
    acceptance === undefined ? '' : `, ${formatNumber(round(100 * acceptance))} % accepted`;
  findings.fact(
    'chains',
    `${iterations} iterations of ${called} move points by ${formatNumber(round(moved))} deviations of the data${told}`,
  );
  if (acceptance !== undefined && acceptance < leastAcceptance) {
    findings.doubtful({
      message: `Chains of ${called} accept ${formatNumber(round(100 * acceptance))} % of what they propose, and hardly move.`,
      remedy: 'Use a smaller stepSize; about 60 % is usual.',
      at,
    });
    return;
  }
  if (moved < leastMovement) {
    findings.doubtful({
      message: `Chains do not move: ${iterations} iterations of ${called} take points ${formatNumber(round(moved))} deviations of the data from where they were.`,
      remedy: 'Use a larger stepSize; a tenth of the deviation of the data is usual.',
      at,
    });
    return;
  }
  // What is accepted or refused is right whatever is proposed.
  if (domain !== 'real' || acceptance !== undefined) return;
  const level = { ...model, energy: flat(model.energy) };
  const once = await walk(tried, level, sampler, starts, 1);
  const noise = rootMeanSquare(once.ends.map((value, i) => value - starts[i]!)) / scale;
  if (noise > mostNoise || away > farAway) {
    findings.doubtful({
      message:
        noise > mostNoise
          ? `The noise of one iteration of ${called} is ${formatNumber(round(noise))} deviations of the data: larger than anything the energy can hold chains to.`
          : `Chains of ${called} are ${formatNumber(round(away))} deviations from the middle of the data after ${iterations} iterations: the energy does not hold them.`,
      remedy: `Use a smaller stepSize; ${formatNumber(round(0.15 * scale))} is usual for such data.`,
      at,
    });
  }
}

interface Walk {
  /** Where the chains are, `[count, D]`. */
  readonly ends: Float32Array;
  /** The share of proposals that was accepted, where the sampler tells it. */
  readonly acceptance?: number;
}

/** Runs chains from `[count, D]` points. */
async function walk(
  { backend, parameters, seed }: TriedChains,
  model: ModelDefinition,
  sampler: Sampler,
  starts: Float32Array,
  iterations: number,
): Promise<Walk> {
  const { dimensions, domain, origin } = model;
  const program = compileProgram({
    inputs: {
      points: { shape: [starts.length / dimensions, dimensions] },
      ...parameterSpecs(model),
    },
    isUserFile: userFiles(origin.files),
    step(tensors) {
      const points = tensors['points'] as tf.Tensor2D;
      const filledIn = modelWith(model, parametersIn(model, tensors));
      const { ends, statistics } = runChainIn(domain, sampler, filledIn, points, iterations);
      const { Acceptance: acceptance } = statistics;
      return { outputs: { ends, ...(acceptance ? { acceptance } : {}) } };
    },
  });
  const execution = await backend.start(program);
  try {
    // Training draws the noise of steps from 1 on.
    const outputs = await execution.run({ points: starts, ...parameters }, { seed, step: 0 });
    const [acceptance] = outputs['acceptance'] ?? [];
    return {
      ends: outputs['ends'] as Float32Array,
      ...(acceptance === undefined ? {} : { acceptance }),
    };
  } finally {
    await execution.dispose();
  }
}

/** The same energy without a slope: what chains do on it is their own noise. */
function flat({ score: _, ...energy }: Energy): Energy {
  return {
    ...energy,
    energy: (parameters, x, condition) => tf.mul(energy.energy(parameters, x, condition), 0),
  };
}

const meanOf = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}

/** Two digits: more would not be the same on other chains. */
const round = (value: number) => Number(value.toPrecision(2));
