import type { Dataset } from '../data/dataset';
import { deviationsOf, momentsOf } from '../data/moments';
import { Random, streams } from '../random/random';
import type { DiagnosticMethod } from './diagnostic';
import { mean } from './mean';

/** Chains that anneal side by side: about one evaluation of an energy. */
const chains = 512;
/** Temperatures between the base distribution and the model. */
const temperatures = 200;

const names = {
  lower: 'log Z/from the base',
  upper: 'log Z/from samples',
  worst: 'log-likelihood/annealed, at least',
  best: 'log-likelihood/annealed, at most',
};

/**
 * A bracket of log Z by annealed importance sampling (Neal 2001) and its reverse (Grosse, Ghahramani &
 * Adams 2015, arXiv:1511.02543). Chains from a base distribution that is known move through
 * `base^(1-β) · exp(-βE)` to the model; the mean of their weights is an unbiased estimate of Z, so its
 * logarithm is mostly too low. Chains from the shown samples go the other way, and theirs is mostly too
 * high, as far as those samples are of the model. Where the two meet both are right.
 *
 * The base is a Gaussian of the training data's means and deviations, or independent bits of their
 * means; moves are random-walk Metropolis steps of three lengths, or flips of one bit.
 */
export const annealedImportanceSampling: DiagnosticMethod = {
  needs: 'real or binary data',
  prepare({ dataset, seed }) {
    const { domain, heldOut, dimensions } = dataset;
    if (domain === 'nonnegative') return undefined;
    const base = domain === 'binary' ? independentBits(dataset) : gaussian(dataset);
    const group = { group: 'log Z', unit: 'nats' };
    const metrics = [
      { name: names.lower, label: 'log Z, annealed from the base (mostly too low)', ...group },
      { name: names.upper, label: 'log Z, annealed from samples (mostly too high)', ...group },
      ...(heldOut.length === 0
        ? []
        : [
            { name: names.worst, label: 'Held-out log-likelihood, at least about' },
            { name: names.best, label: 'Held-out log-likelihood, at most about' },
          ].map((metric) => ({ ...metric, group: 'Likelihood, annealed', unit: 'nats' }))),
    ];
    return {
      metrics,
      async measure({ energy, samples }) {
        const random = new Random(seed, streams.diagnostics);
        const starts = base.draw(random);
        const lower = logMeanExp(await anneal(base, energy, random, starts, 'to the model'));
        const shown = repeated(samples, chains * dimensions);
        const upper = -logMeanExp(await anneal(base, energy, random, shown, 'to the base'));
        const logZ = { [names.lower]: lower, [names.upper]: upper };
        if (heldOut.length === 0) return logZ;
        const energies = mean(await energy(heldOut));
        return { ...logZ, [names.worst]: -energies - upper, [names.best]: -energies - lower };
      },
    };
  },
};

/** A distribution that can be drawn from, with its log-density, and moves that suit its points. */
interface Base {
  readonly dimensions: number;
  /** `[chains, D]` points. */
  draw(random: Random): Float32Array;
  /** The normalised log-density of row `row` of `[chains, D]` points. */
  logDensity(points: Float32Array, row: number): number;
  /** `[chains, D]` proposals, each as likely from its point as its point from it. */
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
    draw: (random) =>
      Float32Array.from(
        { length: chains * dimensions },
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
    draw: (random) =>
      Float32Array.from({ length: chains * dimensions }, (_, i) =>
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
      for (let row = 0; row < chains; row++) {
        const bit = row * dimensions + random.integer(dimensions);
        proposals[bit] = 1 - proposals[bit]!;
      }
      return proposals;
    },
    moves: Math.min(dimensions, 8),
  };
}

/**
 * Moves chains through the temperatures in one direction.
 *
 * @param starts `[chains, D]`
 * @returns the logarithm of each chain's weight, `[chains]`: their mean estimates Z, or 1/Z the other way
 */
async function anneal(
  base: Base,
  energy: (points: Float32Array) => Promise<Float32Array>,
  random: Random,
  starts: Float32Array,
  direction: 'to the model' | 'to the base',
): Promise<Float64Array> {
  const { dimensions } = base;
  const logBase = (points: Float32Array) =>
    Float64Array.from({ length: chains }, (_, row) => base.logDensity(points, row));
  let points = starts;
  let energies = await energy(points);
  let logs = logBase(points);
  const weights = new Float64Array(chains);
  for (let step = 1; step <= temperatures; step++) {
    const share = step / temperatures;
    const [before, after] =
      direction === 'to the model'
        ? [share - 1 / temperatures, share]
        : [1 - share + 1 / temperatures, 1 - share];
    const log = (beta: number, row: number) =>
      (1 - beta) * logs[row]! - (beta === 0 ? 0 : beta * energies[row]!);
    for (let row = 0; row < chains; row++) weights[row]! += log(after, row) - log(before, row);
    for (let move = 0; move < base.moves; move++) {
      const proposals = base.propose(points, random);
      const [proposed, proposedLogs] = [await energy(proposals), logBase(proposals)];
      const next = points.slice();
      [energies, logs] = [energies.slice(), logs.slice()];
      for (let row = 0; row < chains; row++) {
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

/** As many numbers as wanted, from the beginning again where there are too few. */
function repeated(values: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => values[i % values.length]!);
}

function logMeanExp(logs: Float64Array): number {
  const largest = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = logs.reduce((total, log) => total + Math.exp(log - largest), 0);
  return largest + Math.log(sum / logs.length);
}
