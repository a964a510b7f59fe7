import { Random, streams } from '../../compiler/random/random';
import { codesOf, levelCounts, oneHot } from '../data/categories';
import type { Dataset } from '../data/dataset';
import { deviationsOf, momentsOf } from '../data/moments';
import type { DiagnosticMethod, Subject } from './diagnostic';
import { type Estimate, isKnown, type KnownEstimate, withError } from './estimate';
import { mean } from './mean';
import { meanLogDensity } from './mean-log-density';

/** Chains that anneal side by side: about one evaluation of an energy. */
const chains = 512;
/** Temperatures between the base distribution and the model. */
const temperatures = 200;

const names = {
  fromBase: 'log Z/from the base',
  fromSamples: 'log Z/from samples',
  share: 'log Z/effective chains',
  logZ: 'log Z/annealed',
  likelihood: 'log-likelihood/annealed',
  bound: 'log-likelihood/annealed, at least',
};

/** Estimates that lie further apart than so many standard errors do not agree: once in 1,000. */
const mostApart = 3.3;
/** Nats that nobody minds: two estimates so close are taken together, with this in their error. */
const negligible = 0.01;
/** Of as many chains as weigh less nobody knows the error. */
const fewestEffective = 0.1;

/**
 * log Z by annealed importance sampling (Neal 2001) and its reverse (Grosse, Ghahramani & Adams 2015,
 * arXiv:1511.02543). Chains from a base distribution that is known move through
 * `base^(1-β) · exp(-βE)` to the model; the mean of their weights is an unbiased estimate of Z. Chains
 * from the shown samples go the other way; the mean of theirs is one of 1/Z, as far as those samples are
 * of the model. Each comes with its standard error over the chains. Where the two agree within that they
 * are put together, weighted by their precision: `log Z/annealed`, which lies within two standard errors
 * in 95 % of runs. Where they do not, the base has missed a mode or the samples are not the model's, and
 * nothing is told but the two.
 *
 * The base is a Gaussian of the training data's means and deviations, or independent bits or categories of
 * their means; moves are random-walk Metropolis steps of three lengths, or changes of one bit or category. A restricted
 * Boltzmann machine takes its own path instead, from units that are as often on as in the data, with whole
 * sweeps for moves and 1000 temperatures (Salakhutdinov & Murray 2008), and so does a deep one, with its upper
 * layer beside the points; beside samples that is drawn anew 100 times given them. Its held-out likelihood is a
 * lower bound, by mean field, and is named so.
 */
export const annealedImportanceSampling: DiagnosticMethod = {
  needs: 'real, binary or categorical data',
  prepare({ dataset, seed, isBound = false }) {
    const { domain, heldOut } = dataset;
    const likelihoodName = isBound ? names.bound : names.likelihood;
    if (domain === 'nonnegative') return undefined;
    const base = baseOf[domain](dataset);
    const group = { group: 'log Z', unit: 'nats' };
    const metrics = [
      ...withError({ name: names.fromBase, label: 'log Z, annealed from the base', ...group }),
      ...withError({ name: names.fromSamples, label: 'log Z, annealed from samples', ...group }),
      ...withError({ name: names.logZ, label: 'log Z, where both agree', ...group }),
      { name: names.share, label: 'Chains that weigh, of each 100', group: 'Chains that weigh' },
      ...(heldOut.length === 0
        ? []
        : withError({
            name: likelihoodName,
            label: isBound
              ? 'Held-out log-likelihood, at least: bound by mean field, annealed'
              : 'Held-out log-likelihood, annealed',
            group: 'Likelihood, annealed',
            unit: 'nats',
          })),
    ];
    return {
      metrics,
      async measure(subject) {
        const { heldOutEnergies } = subject;
        const random = new Random(seed, streams.diagnostics);
        const { logBase, toModel, toBase } =
          (await subject.anneal()) ?? (await annealBothWays(base, subject, random));
        const there = logMeanExp(Float64Array.from(toModel));
        const back = logMeanExp(Float64Array.from(toBase));
        const fromBase = { ...there, value: there.value + logBase };
        const fromSamples = { ...back, value: logBase - back.value };
        const logZ = together(fromBase, fromSamples);
        const told = {
          [names.fromBase]: fromBase,
          [names.fromSamples]: fromSamples,
          [names.share]: 100 * Math.min(fromBase.effective, fromSamples.effective),
          [names.logZ]: logZ,
        };
        if (heldOut.length === 0) return told;
        const ofRows = meanLogDensity(await heldOutEnergies(), heldOut, dataset);
        const likelihood = isKnown(logZ)
          ? {
              value: ofRows.value - logZ.value,
              error: Math.hypot(ofRows.error, logZ.error),
            }
          : logZ;
        return { ...told, [likelihoodName]: likelihood };
      },
    };
  },
};

/** For an energy that only tells energies. */
async function annealBothWays(
  base: Base,
  { energy, samples }: Subject,
  random: Random,
): Promise<{ logBase: number; toModel: Float64Array; toBase: Float64Array }> {
  const starts = base.draw(random, chains);
  const toModel = await anneal(base, energy, random, starts, 'to the model');
  const shown = samples.subarray(0, chains * base.dimensions);
  const toBase = await anneal(base, energy, random, shown, 'to the base');
  return { logBase: 0, toModel, toBase };
}

/** Two estimates of one number, weighted by their precision, where they may be of one number. */
function together(fromBase: Weighed, fromSamples: Weighed): Estimate {
  const both = `from the base ${say(fromBase)}, from samples ${say(fromSamples)} nats`;
  if (!(Math.min(fromBase.effective, fromSamples.effective) >= fewestEffective)) {
    return { unknown: `only few of the annealed chains weigh (${both})` };
  }
  const error = Math.hypot(fromBase.error, fromSamples.error);
  const apart = fromSamples.value - fromBase.value;
  const most = Math.max(mostApart * error, negligible);
  if (apart > most) return { unknown: `log Z lies in between: ${both}` };
  if (-apart > most) return { unknown: `it is unreliable, the wrong way round: ${both}` };
  const [one, other] = [fromBase.error ** -2, fromSamples.error ** -2];
  const bias = Math.abs(apart) > mostApart * error ? Math.abs(apart) : 0;
  if (!Number.isFinite(one)) return { ...fromBase, error: bias };
  if (!Number.isFinite(other)) return { ...fromSamples, error: bias };
  return {
    value: (one * fromBase.value + other * fromSamples.value) / (one + other),
    error: Math.hypot((one + other) ** -0.5, bias),
  };
}

function say({ value, error }: KnownEstimate): string {
  return `${Number(value.toPrecision(6))} ± ${Number(error.toPrecision(2))}`;
}

/** The logarithm of a mean of weights. */
interface Weighed extends KnownEstimate {
  /** The effective share of the chains, 0 to 1 (Kong 1992). */
  readonly effective: number;
}

/** A distribution that can be drawn from, with its log-density, and moves that suit its points. */
interface Base {
  readonly dimensions: number;
  /** `[count, D]` points. */
  draw(random: Random, count: number): Float32Array;
  /** The normalised log-density of row `row` of `[count, D]` points. */
  logDensity(points: Float32Array, row: number): number;
  /** `[count, D]` proposals, each as likely from its point as its point from it. */
  propose(points: Float32Array, random: Random): Float32Array;
  /** Metropolis steps at each temperature. */
  readonly moves: number;
}

function gaussian({ training, dimensions }: Dataset): Base {
  const moments = momentsOf(training, dimensions);
  const { means } = moments;
  const deviations = deviationsOf(moments);
  /** Random-walk steps are best about here (Roberts, Gelman & Gilks 1997); shorter ones fit in corners. */
  const lengths = [1, 0.3, 0.1].map((share) => (2.4 * share) / Math.sqrt(dimensions));
  return {
    dimensions,
    draw: (random, count) =>
      Float32Array.from(
        { length: count * dimensions },
        (_, i) => means[i % dimensions]! + deviations[i % dimensions]! * random.normal(),
      ),
    logDensity(points, row) {
      let log = 0;
      for (let d = 0; d < dimensions; d++) {
        const z = (points[row * dimensions + d]! - means[d]!) / deviations[d]!;
        log -= z ** 2 / 2 + Math.log(deviations[d]!) + Math.log(2 * Math.PI) / 2;
      }
      return log;
    },
    propose(points, random) {
      let length = 0;
      return points.map((value, i) => {
        if (i % dimensions === 0) length = lengths[random.integer(lengths.length)]!;
        return value + length * deviations[i % dimensions]! * random.normal();
      });
    },
    moves: 3,
  };
}

function independentBits({ training, dimensions }: Dataset): Base {
  // Away from 0 and 1: the base must reach wherever the model does.
  const chances = momentsOf(training, dimensions).means.map((p) => 0.1 + 0.8 * p);
  return {
    dimensions,
    draw: (random, count) =>
      Float32Array.from({ length: count * dimensions }, (_, i) =>
        Number(random.uniform() < chances[i % dimensions]!),
      ),
    logDensity(points, row) {
      let log = 0;
      for (let d = 0; d < dimensions; d++) {
        const p = chances[d]!;
        log += Math.log(points[row * dimensions + d]! > 0.5 ? p : 1 - p);
      }
      return log;
    },
    propose(points, random) {
      const proposals = points.slice();
      for (let begin = 0; begin < points.length; begin += dimensions) {
        const bit = begin + random.integer(dimensions);
        proposals[bit] = 1 - proposals[bit]!;
      }
      return proposals;
    },
    moves: Math.min(dimensions, 8),
  };
}

function independentCategories({ training, dimensions, categories = [] }: Dataset): Base {
  const levels = levelCounts(categories);
  // Away from 0: the base must reach wherever the model does.
  const { means } = momentsOf(training, dimensions);
  let column = 0;
  const chances = levels.map((count) =>
    Array.from({ length: count }, () => 0.2 / count + 0.8 * means[column++]!),
  );
  const logs = chances.flat().map(Math.log);
  return {
    dimensions,
    draw(random, count) {
      const codes = Uint16Array.from({ length: count * levels.length }, (_, i) => {
        const ofLevels = chances[i % levels.length]!;
        let rest = random.uniform();
        const level = ofLevels.findIndex((chance) => {
          rest -= chance;
          return rest < 0;
        });
        // The last one takes what rounding leaves.
        return level === -1 ? ofLevels.length - 1 : level;
      });
      return oneHot(codes, levels);
    },
    logDensity(points, row) {
      let log = 0;
      for (let d = 0; d < dimensions; d++) log += points[row * dimensions + d]! * logs[d]!;
      return log;
    },
    propose(points, random) {
      const codes = codesOf(points, levels);
      for (let begin = 0; begin < codes.length; begin += levels.length) {
        const category = random.integer(levels.length);
        const count = levels[category]!;
        const other = codes[begin + category]! + 1 + random.integer(Math.max(1, count - 1));
        codes[begin + category] = other % count;
      }
      return oneHot(codes, levels);
    },
    moves: Math.min(dimensions, 8),
  };
}

/** What annealing begins from. */
const baseOf = {
  real: gaussian,
  binary: independentBits,
  categorical: independentCategories,
};

/**
 * Moves chains through the temperatures in one direction.
 *
 * @param starts `[count, D]`
 * @returns the logarithm of each chain's weight, `[count]`: their mean estimates Z, or 1/Z the other way
 */
async function anneal(
  base: Base,
  energy: (points: Float32Array) => Promise<Float32Array>,
  random: Random,
  starts: Float32Array,
  direction: 'to the model' | 'to the base',
): Promise<Float64Array> {
  const { dimensions } = base;
  const count = starts.length / dimensions;
  const logBase = (points: Float32Array) =>
    Float64Array.from({ length: count }, (_, row) => base.logDensity(points, row));
  let points = starts;
  let energies = await energy(points);
  let logs = logBase(points);
  const weights = new Float64Array(count);
  for (let step = 1; step <= temperatures; step++) {
    const share = step / temperatures;
    const [before, after] =
      direction === 'to the model'
        ? [share - 1 / temperatures, share]
        : [1 - share + 1 / temperatures, 1 - share];
    const log = (beta: number, row: number) =>
      (1 - beta) * logs[row]! - (beta === 0 ? 0 : beta * energies[row]!);
    for (let row = 0; row < count; row++) weights[row]! += log(after, row) - log(before, row);
    for (let move = 0; move < base.moves; move++) {
      const proposals = base.propose(points, random);
      const [proposed, proposedLogs] = [await energy(proposals), logBase(proposals)];
      const next = points.slice();
      [energies, logs] = [energies.slice(), logs.slice()];
      for (let row = 0; row < count; row++) {
        const there = (1 - after) * proposedLogs[row]! - after * proposed[row]!;
        if (!(Math.log(random.uniform()) < there - log(after, row))) continue;
        const begin = row * dimensions;
        next.set(proposals.subarray(begin, begin + dimensions), begin);
        energies[row] = proposed[row]!;
        logs[row] = proposedLogs[row]!;
      }
      points = next;
    }
  }
  return weights;
}

/** The logarithm of the mean of weights, with its standard error by the delta method. */
function logMeanExp(logs: Float64Array): Weighed {
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const { value, error } = mean(logs.map((log) => Math.exp(log - largest)));
  const relative = error / value;
  return {
    value: largest + Math.log(value),
    error: relative,
    effective: 1 / (1 + logs.length * relative ** 2),
  };
}
