import { formatCount, formatDuration, formatNumber } from '../../../vocabulary/quantities';
import { ledgerOf } from '../../compiler/graph/ledger';
import { Random, streams } from '../../compiler/random/random';
import { uniformIn } from '../../methods/data/bounds';
import { sampledRows } from '../../methods/data/sampled-rows';
import { modelEvery } from '../../methods/objectives';
import { isFrozen } from '../../methods/optimizers/parameter-groups';
import type { ExperimentSpec } from '../experiment/experiment';
import type { CompiledTraining, TrainingDefinition } from '../training/compile-training';
import { parameterName } from '../training/model-programs';
import type { TrainingStep } from '../training/training-step';
import type { Findings } from './findings';

/** Steps that are tried: until they have taken so long, at least the first few. */
const tried = { most: 50, least: 3, milliseconds: 2_000 };

/** Weights of networks are of this size or larger; what begins smaller is compared with this. */
const usualWeight = 0.05;
/** Of the size of the weights: what one update moves them at most, and all of them together at least. */
const mostUpdate = 0.5;
const leastTraining = 1e-3;

/** Points that tell whether the energy of data falls. */
const comparedPoints = 512;
/** Standard errors from which on a difference is no chance: one in a million. */
const certain = 5;

/**
 * Trains a few steps, and finds learning rates and signs under which nothing can come of more.
 *
 * @throws ProblemError (`training`) where a step is not finite
 */
export async function checkSteps(
  experiment: ExperimentSpec,
  definition: TrainingDefinition,
  { program, parameters }: Pick<CompiledTraining, 'program' | 'parameters'>,
  backend: string,
  step: TrainingStep,
  findings: Findings,
): Promise<void> {
  const before = await energiesOf(definition, step);
  const updates = modelEvery(experiment.objective);
  const times: number[] = [];
  const begun = performance.now();
  for (let n = 1; n <= Math.max(tried.most, updates); n++) {
    const from = performance.now();
    const metrics = await step.run(n);
    times.push(performance.now() - from);
    if (n === updates) {
      const trained = parameters.filter(({ name }) => !isFrozen(name, experiment.optimizer));
      const moved = await updateSize(step, trained);
      // At once: it may be why a later step is not finite.
      checkRate(experiment, moved, metrics['learning rate'], findings);
    }
    if (n >= Math.max(tried.least, updates) && performance.now() - begun > tried.milliseconds)
      break;
  }
  // The first ones have what is made ready for all.
  const [median = 0] = [...times.slice(1)].sort((a, b) => a - b).slice(times.length >> 1);
  const { flops, nodes } = ledgerOf(program);
  findings.fact(
    'steps',
    `${formatNumber(Number(median.toPrecision(2)))} ms each on ${backend} (${formatNumber(Number((flops / 1e6).toPrecision(2)))} million multiplications and additions, ${formatCount(nodes)} operations), so ${formatCount(experiment.steps)} take about ${formatDuration((median * experiment.steps) / 1000)}`,
  );
  if (experiment.objective.type === 'custom') {
    checkSign(before, await energiesOf(definition, step), times.length, findings);
  }
}

/** How far parameters of the energy have moved, over the size that they had; root mean squares. */
async function updateSize(
  step: TrainingStep,
  parameters: CompiledTraining['parameters'],
): Promise<number> {
  const { tensors } = await step.checkpoint(0);
  const now = new Map(tensors.map(({ name, data }) => [name, data]));
  let [moved, size, count] = [0, 0, 0];
  for (const { name, data } of parameters) {
    const next = now.get(parameterName(name))!;
    for (const [i, value] of data.entries()) {
      moved += (next[i]! - value) ** 2;
      size += value ** 2;
    }
    count += data.length;
  }
  return Math.sqrt(moved / count) / Math.max(Math.sqrt(size / count), usualWeight);
}

/** @param rate the learning rate of the update that was measured, where the step tells it */
function checkRate(
  { optimizer, objective, steps }: ExperimentSpec,
  update: number,
  rate: number | undefined,
  findings: Findings,
): void {
  const { learningRate } = optimizer;
  const peak = typeof learningRate === 'number' ? learningRate : peakOf(learningRate);
  // A schedule begins with less.
  const largest = update * (peak !== undefined && rate ? peak / rate : 1);
  const at = ['optimizer', 'learningRate'];
  if (largest > mostUpdate) {
    findings.doubtful({
      message: `One update moves the parameters by ${formatNumber(Number((100 * largest).toPrecision(2)))} % of their size: what they learn is lost in the next.`,
      remedy: `Use a smaller learningRate${learningRateHint(peak, largest)}.`,
      at,
    });
  }
  const all = (largest * steps) / modelEvery(objective);
  if (all < leastTraining) {
    findings.doubtful({
      message: `The parameters move by ${formatNumber(Number((100 * all).toPrecision(2)))} % of their size in all ${formatCount(steps)} steps at most: hardly anything is learned.`,
      remedy: 'Use a larger learningRate; 1e-3 is usual with Adam.',
      at,
    });
  }
}

function peakOf(schedule: object): number | undefined {
  const { peak }: { readonly peak?: unknown } = schedule;
  return typeof peak === 'number' ? peak : undefined;
}

/** A rate with which an update is a hundredth. */
function learningRateHint(peak: number | undefined, update: number): string {
  return peak === undefined ? '' : `, about ${(peak * (0.01 / update)).toExponential(0)}`;
}

interface Energies {
  readonly data: Float32Array;
  readonly elsewhere: Float32Array;
}

/** Energies of rows of data and of points anywhere in their window. */
async function energiesOf(
  { rows, bounds, seed, domain, levels }: TrainingDefinition,
  step: TrainingStep,
): Promise<Energies> {
  const random = new Random(seed, streams.check);
  return {
    data: await step.energy(sampledRows(rows, bounds.length, comparedPoints)),
    elsewhere: await step.energy(uniformIn(bounds, comparedPoints, random, domain, levels)),
  };
}

/**
 * A loss with the wrong sign teaches that data are unlikely: their energy rises against that of points
 * elsewhere. Losses that are built in are known to do otherwise.
 */
function checkSign(before: Energies, after: Energies, steps: number, findings: Findings): void {
  const rise = (key: keyof Energies) => {
    const risen = after[key].map((energy, i) => energy - before[key][i]!);
    const mean = risen.reduce((sum, value) => sum + value, 0) / risen.length;
    const variance = risen.reduce((sum, value) => sum + (value - mean) ** 2, 0) / risen.length;
    return { mean, squaredError: variance / risen.length };
  };
  const [data, elsewhere] = [rise('data'), rise('elsewhere')];
  const difference = data.mean - elsewhere.mean;
  if (difference <= certain * Math.sqrt(data.squaredError + elsewhere.squaredError)) return;
  findings.doubtful({
    message: `${steps} steps raise the energy of the data against that of other points, by ${formatNumber(Number(difference.toPrecision(2)))}: the loss may have the wrong sign.`,
    remedy:
      'p(x) = exp(-E(x)) / Z: let the loss grow with the energy of data, and fall with that of samples.',
    at: ['objective'],
  });
}
