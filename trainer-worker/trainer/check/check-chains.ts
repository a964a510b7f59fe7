import * as tf from '@tensorflow/tfjs';
import { formatNumber } from '../../../vocabulary/quantities';
import type { Backend } from '../../compiler/backends/backend';
import type { Arrays } from '../../compiler/run/execution';
import { momentsOf } from '../../methods/data/moments';
import type { Energy } from '../../methods/energies/energy-method';
import { objectiveMethod } from '../../methods/objectives';
import type { OptionPath } from '../../methods/options/option-error';
import { samplerMethod } from '../../methods/samplers';
import type { LoadedExperiment } from '../experiment/loaded-experiment';
import { chainPrograms, type ModelDefinition } from '../training/model-programs';
import { ShownChains } from '../training/shown-chains';
import type { Findings } from './findings';

/** Chains that are tried, and for how long. */
const count = 64;
const iterations = 100;

/**
 * Of the data's deviation: what chains move in {@link iterations} at least, and the noise that one
 * iteration may have. With noise ε an unadjusted chain gives a Gaussian of deviation s the variance
 * s²/(1 − ε²/4s²): a third too much at ε = s, and no stationary law at all from ε = 2s on.
 */
const leastMovement = 1e-3;
const mostNoise = 1;
/** Deviations from the middle of the data that no chain should get to. */
const farAway = 20;
/** A chain with a Metropolis correction that is refused more often than this stands still. */
const leastAcceptance = 0.05;

/** What chains are tried with. */
export interface TriedChains {
  readonly loaded: LoadedExperiment;
  readonly model: ModelDefinition;
  /** `[n, D]` rows, from which they start. */
  readonly rows: Float32Array;
  readonly parameters: Arrays;
  readonly backend: Backend;
  /** What share of proposals the trained steps' chains accepted, where they tell it. */
  readonly acceptance?: number;
}

/**
 * Runs chains of the experiment's sampler from the data, and finds such as stand still, run away or
 * know nothing of the energy for their own noise.
 */
export async function checkChains(tried: TriedChains, findings: Findings): Promise<void> {
  const { loaded, model, rows, acceptance } = tried;
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
  const starts = Float32Array.from(
    { length: count * dimensions },
    (_, i) => rows[i % rows.length]!,
  );
  const { means, variances } = momentsOf(rows, dimensions);
  const scale = Math.sqrt(meanOf(variances.filter((variance) => variance > 0)));
  const ends = await run(tried, model, starts, iterations);
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
  const once = await run(tried, { ...model, energy: flat(model.energy) }, starts, 1);
  const noise = rootMeanSquare(once.map((value, i) => value - starts[i]!)) / scale;
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

/** Where chains are after some iterations, `[count, D]`. */
async function run(
  { backend, parameters, loaded }: TriedChains,
  model: ModelDefinition,
  starts: Float32Array,
  length: number,
): Promise<Float32Array> {
  const { experiment } = loaded;
  const spec =
    objectiveMethod(experiment.objective).previewSampler?.(experiment.objective) ??
    experiment.preview.sampler;
  const programs = chainPrograms(model, samplerMethod(spec).build(spec), count);
  const options = { programs, recorded: () => programs, draws: 1, seed: experiment.seed };
  const chains = new ShownChains(options, backend);
  try {
    return await chains.run(starts, length, 0, parameters);
  } finally {
    await chains.dispose();
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
