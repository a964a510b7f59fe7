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
import { domainOfChains, type SamplerSpec, samplerMethod } from '../../methods/samplers';
import { runChainIn } from '../../methods/samplers/chain-in-domain';
import type { Sampler } from '../../methods/samplers/sampler-method';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import {
  type ModelDefinition,
  modelWith,
  parameterSpecs,
  parametersIn,
  scoreProgram,
} from '../training/model-programs';
import { checkReplicas } from './check-replicas';
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
/**
 * How many times as steep as it is an energy would have to become to hold chains against their noise. A
 * slope g in each coordinate holds noise of temperature T to a spread of about T/g, so that g has to be
 * T over the deviation of the data. Energies of the examples have it within the steps that are tried; a
 * convolutional one of 28 × 28 pixels has an eighth of it, and its chains were noise after 300 steps too.
 */
const mostSteepening = 4;
/** In fewer dimensions a slope that is small in each is soon made up for: it adds up to less. */
const manyDimensions = 16;
/** Values of chains that may lie outside the range of pixels, and how far outside they count, of its width. */
const leftPixels = { share: 0.05, margin: 0.05 };
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
  /** Where the pixels of images lie, if the rows are such. */
  readonly pixels?: readonly [low: number, high: number];
}

/**
 * Runs chains of the experiment's sampler from the data, and finds such as stand still, run away or
 * know nothing of the energy for their own noise.
 */
export async function checkChains(tried: TriedChains, findings: Findings): Promise<void> {
  const { loaded, model, rows, pixels } = tried;
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
  const {
    ends,
    acceptance,
    temperature = 1,
  } = await walk(tried, model, sampler, starts, iterations);
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
  if (spec.type === 'parallelTempering') await checkReplicas(tried, spec, starts, findings);
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
    return;
  }
  const steepness = Math.max(
    rootMeanSquare(await scores(tried, starts)),
    rootMeanSquare(await scores(tried, ends)),
    Number.MIN_VALUE,
  );
  const steepening = temperature / (steepness * scale);
  if (ofObjective && dimensions >= manyDimensions && steepening > mostSteepening) {
    findings.doubtful({
      message: `Chains of ${called} are noise: to hold them against temperature ${formatNumber(round(temperature))} in ${formatNumber(dimensions)} dimensions, the energy would have to be ${formatNumber(round(steepening))} times as steep as it is.`,
      remedy: `${colder(spec, steepness, scale)}${pixels && domainOfChains(spec) === null ? `; and domain: { low: ${pixels[0]}, high: ${pixels[1]} } keeps pixels in their range` : ''}.`,
      at,
    });
    return;
  }
  if (pixels === undefined || domainOfChains(spec) !== null) return;
  const [low, high] = pixels;
  const margin = leftPixels.margin * (high - low);
  const outside = ends.filter((x) => x < low - margin || x > high + margin).length / ends.length;
  if (outside <= leftPixels.share) return;
  findings.doubtful({
    message: `Nothing keeps chains of ${called} where pixels can be: ${formatNumber(round(100 * outside))} % of their values are outside of ${formatNumber(low)} to ${formatNumber(high)} after ${iterations} iterations.`,
    remedy: `Give the sampler domain: { low: ${low}, high: ${high} }, which reflects them, or clamps them with at: 'clamp'.`,
    at,
  });
}

/**
 * Noise and drift that suit a slope g: a spread T/g of a hundredth of the deviation of the data, and a
 * drift ε²/2 · g in all steps of half of it.
 */
function colder(spec: SamplerSpec, steepness: number, scale: number): string {
  const temperature = 0.01 * steepness * scale;
  const stepSize = formatNumber(round(Math.sqrt(scale / (spec.steps * steepness))));
  const cold =
    'noise' in spec
      ? `noise: ${formatNumber(round(Math.sqrt(temperature)))}, a temperature of ${formatNumber(round(temperature))}`
      : `temperature: ${formatNumber(round(temperature))}`;
  return `Use a longer step and less noise, such as stepSize: ${stepSize} and ${cold}`;
}

interface Walk {
  /** Where the chains are, `[count, D]`. */
  readonly ends: Float32Array;
  /** The share of proposals that was accepted, where the sampler tells it. */
  readonly acceptance?: number;
  /** The sampler's temperature, where it is not 1. */
  readonly temperature?: number;
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
      const { Acceptance: acceptance, Temperature: temperature } = statistics;
      return {
        outputs: {
          ends,
          ...(acceptance ? { acceptance } : {}),
          ...(temperature ? { temperature } : {}),
        },
      };
    },
  });
  const execution = await backend.start(program);
  try {
    // Training draws the noise of steps from 1 on.
    const outputs = await execution.run({ points: starts, ...parameters }, { seed, step: 0 });
    const [acceptance] = outputs['acceptance'] ?? [];
    const [temperature] = outputs['temperature'] ?? [];
    return {
      ends: outputs['ends'] as Float32Array,
      ...(acceptance === undefined ? {} : { acceptance }),
      ...(temperature === undefined ? {} : { temperature }),
    };
  } finally {
    await execution.dispose();
  }
}

/** Scores at `[count, D]` points. */
async function scores(
  { backend, parameters, model, seed }: TriedChains,
  points: Float32Array,
): Promise<Float32Array> {
  const execution = await backend.start(scoreProgram(model, points.length / model.dimensions));
  try {
    const outputs = await execution.run({ points, ...parameters }, { seed, step: 0 });
    return outputs['scores'] as Float32Array;
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
