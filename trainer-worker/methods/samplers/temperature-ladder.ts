import * as tf from '@tensorflow/tfjs';
import { decide } from './metropolis';
import type { Carried, Kept } from './sampler-method';

/** The temperatures of replicas, coldest first. The first is 1. */
export interface TemperatureLadder {
  readonly count: number;
  readonly keeps: Kept;
  /** What it carries into the first iteration. */
  init(): Carried;
  /** Each rung's temperature. */
  temperatures(carried: Carried): readonly (number | tf.Scalar)[];
  /** `[rungs]`: each rung's 1/T less that of its partner; `of` gathers a row for the turn of a table. */
  differences(
    carried: Carried,
    partners: readonly (readonly number[])[],
    of: (table: readonly (readonly number[])[]) => tf.Tensor,
  ): tf.Tensor;
  /** `[rungs - 1]`: each rung's 1/T less that of the next. */
  gaps(carried: Carried): tf.Tensor;
  /** What is carried on after a turn, in which neighbours would have exchanged with these probabilities, `[rungs - 1]`. */
  update(carried: Carried, acceptance: tf.Tensor): Carried;
}

/** T from 1 to `highest` in a geometric sequence. */
export function geometricLadder(count: number, highest: number): TemperatureLadder {
  const temperatures = geometricTemperatures(count, highest);
  const inverse = temperatures.map((t) => 1 / t);
  return {
    count,
    keeps: {},
    init: () => ({}),
    temperatures: () => temperatures,
    differences: (_carried, partners, of) =>
      of(partners.map((row) => row.map((one, rung) => inverse[rung]! - inverse[one]!))),
    gaps: () => tf.tensor1d(inverse.slice(1).map((next, rung) => inverse[rung]! - next)),
    update: (carried) => carried,
  };
}

/**
 * T from 1 to `highest` so that all neighbours refuse to exchange equally often, which makes round trips
 * most frequent (Syed, Bouchard-Côté, Deligiannidis & Doucet 2022, arXiv:1905.02939, section 5). The
 * refusals between neighbours add up to the communication barrier, a function of log T; after each turn
 * the rungs move a little towards where it has equal shares. The moves die out like t^-0.6.
 */
export function adaptedLadder(count: number, highest: number): TemperatureLadder {
  const start = geometricTemperatures(count, highest).map((t) => -Math.log(t));
  const coldness = (carried: Carried) => tf.exp(carried['logColdness']!);
  return {
    count,
    keeps: { ofAll: { turnsBefore: 1, refusals: count - 1, logColdness: count } },
    init: () => ({
      turnsBefore: tf.scalar(0),
      refusals: tf.zeros([count - 1]),
      logColdness: tf.tensor1d(start),
    }),
    temperatures: (carried) =>
      tf
        .split(tf.exp(tf.neg(carried['logColdness']!)), count)
        .map((one) => tf.squeeze(one, [0]) as tf.Scalar),
    differences: (carried, partners, of) => {
      const cold = coldness(carried);
      const partner = tf.cast(of(partners), 'int32') as tf.Tensor1D;
      return tf.sub(cold, tf.gather(cold, partner));
    },
    gaps: (carried) => {
      const cold = coldness(carried);
      return tf.sub(tf.slice(cold, [0], [count - 1]), tf.slice(cold, [1], [count - 1]));
    },
    update(carried, acceptance) {
      const turns = tf.add(carried['turnsBefore']!, 1);
      const share = tf.pow(tf.add(turns, patience), -0.6);
      const towards = (from: tf.Tensor, to: tf.Tensor) =>
        tf.add(from, tf.mul(share, tf.sub(to, from)));
      const refusals = towards(carried['refusals']!, tf.sub(1, acceptance));
      const before = carried['logColdness']!;
      return {
        ...carried,
        turnsBefore: turns,
        refusals,
        logColdness: towards(before, withEqualShares(before, refusals)),
      };
    },
  };
}

/** The first turns move the rungs by some quarter of their way, and no more. */
const patience = 8;
/** What is never refused has some length as well. */
const leastRefusal = 1e-6;

/**
 * Where rungs would be equally far apart, if each of these lengths is spread evenly between the two rungs
 * that it lies between; the first and the last stay.
 *
 * @param at `[n]`
 * @param lengths `[n - 1]`, not negative
 */
function withEqualShares(at: tf.Tensor, lengths: tf.Tensor): tf.Tensor {
  const count = at.shape[0]!;
  const positive = tf.add(lengths, leastRefusal) as tf.Tensor1D;
  const begins = tf.cumsum(positive, 0, true);
  const goals = tf.mul(
    tf.sum(positive),
    tf.tensor1d(Array.from({ length: count }, (_, rung) => rung / (count - 1))),
  );
  // How much of each stretch lies before each goal, `[n, n - 1]`.
  const passed = tf.clipByValue(
    tf.div(tf.sub(tf.expandDims(goals, 1), tf.expandDims(begins, 0)), tf.expandDims(positive, 0)),
    0,
    1,
  );
  const steps = tf.sub(tf.slice(at, [1], [count - 1]), tf.slice(at, [0], [count - 1]));
  return tf.add(tf.slice(at, [0], [1]), tf.sum(tf.mul(passed, tf.expandDims(steps, 0)), 1));
}

/** T from 1 to `highest`, each the same multiple of the one below. */
export function geometricTemperatures(count: number, highest: number): number[] {
  return Array.from({ length: count }, (_, rung) => highest ** (rung / (count - 1)));
}

/**
 * With what probability neighbours of a ladder exchange, whoever's turn it is.
 *
 * @param gaps `[rungs - 1]`, see {@link TemperatureLadder.gaps}
 * @param energies `[rungs, chains]`, at temperature 1
 * @returns `[rungs - 1, chains]`
 */
export function exchangeChances(gaps: tf.Tensor, energies: tf.Tensor): tf.Tensor {
  const [rungs, chains] = energies.shape as [number, number];
  const colder = tf.slice(energies, [0, 0], [rungs - 1, chains]);
  const hotter = tf.slice(energies, [1, 0], [rungs - 1, chains]);
  const gains = tf.mul(tf.expandDims(gaps, 1), tf.sub(colder, hotter));
  return decide(gains, tf.zerosLike(gains)).acceptance;
}
