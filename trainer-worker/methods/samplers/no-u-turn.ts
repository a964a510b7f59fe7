import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { dualAveraging } from './dual-averaging';
import { evaluatedAt } from './evaluated';
import { sumOfSquares } from './langevin-proposal';
import type { CarryingSampler, SamplerMethod } from './sampler-method';
import { betweenMirrors, type ChainDomain, type DomainOption, mirroredDomainField } from './walls';

export interface NoUTurnOptions extends DomainOption {
  /** Trajectories of each chain per training step, 1 to 100 000. Default 3. */
  readonly steps?: number;
  /** Length of a leapfrog step, in units of the data, above 0 to 1000. Default 0.1. */
  readonly stepSize?: number;
  /**
   * Doublings of a trajectory, 1 to 10. Default 6: at most 63 leapfrog steps. All chains of a batch
   * take as many as the deepest may; those that have turned stand still meanwhile.
   */
  readonly depth?: number;
  /**
   * Adapts the step until the points of a trajectory would be accepted with this mean probability, by
   * dual averaging: between 0 and 1, for example 0.8. Chains of a replay buffer go on with that of the
   * step before. Default `null`: it stays.
   */
  readonly targetAcceptance?: number | null;
}

export interface NoUTurnSpec extends Required<NoUTurnOptions> {
  readonly type: 'noUTurn';
  readonly domain: Required<ChainDomain> | null;
}

/**
 * The no-U-turn sampler (Hoffman & Gelman 2014): Hamiltonian trajectories that double in either
 * direction until they turn back, so that their length need not be chosen. With multinomial draws from
 * a trajectory, biased towards its newer half (Betancourt 2017, arXiv:1701.02434), and the iterative
 * form of its tree (Phan et al. 2019, arXiv:1912.11554). Its stationary law is `exp(-E)` for every step.
 * Records the acceptance and the mean number of leapfrog steps until a chain turned.
 */
export function noUTurn(options?: NoUTurnOptions): NoUTurnSpec {
  return specOf(schema, 'sampler.noUTurn', 'noUTurn', options);
}

const schema: z.ZodType<NoUTurnSpec> = z.strictObject({
  type: z.literal('noUTurn'),
  steps: integer(1, 100_000).default(3),
  stepSize: positive.max(1000).default(0.1),
  depth: integer(1, 10).default(6),
  targetAcceptance: z.number().gt(0).lt(1).nullable().default(null),
  domain: mirroredDomainField('its correction would not know of the chains that lie on the walls'),
});

/** @internal */
export const noUTurnMethod: SamplerMethod<NoUTurnSpec, typeof noUTurn, CarryingSampler> = {
  create: noUTurn,
  schema,
  build({ steps, stepSize, depth, targetAcceptance, domain }) {
    const adaptation = dualAveraging(stepSize, targetAcceptance);
    const chain: CarryingSampler = {
      steps,
      keeps: adaptation.keeps,
      init: ({ shape: [chains] }) => ({
        ...adaptation.init(chains),
        leapfrogs: tf.zeros([chains, 1]),
      }),
      advance(x, { leapfrogs, ...carried }, model) {
        const { next, acceptance, count } = trajectory(
          model,
          x,
          adaptation.stepSize(carried),
          depth,
        );
        return {
          x: next,
          carried: {
            ...adaptation.update(carried, acceptance),
            leapfrogs: tf.add(leapfrogs!, count),
          },
        };
      },
      statistics({ leapfrogs, ...carried }) {
        const iterations = tf.maximum(carried['iterations']!, 1);
        return {
          ...adaptation.statistics(carried),
          'Leapfrog steps': tf.div(tf.mean(leapfrogs!), iterations),
        };
      },
    };
    return betweenMirrors(chain, domain);
  },
};

/** An end of a trajectory; `[n, D]` each. */
interface End {
  readonly x: tf.Tensor;
  readonly momentum: tf.Tensor;
  readonly score: tf.Tensor;
}

/** Energies beyond this above the start's count as infinite: the integration has failed there. */
const largestGain = 1000;
/** The logarithm of nothing, finite so that differences of it are. */
const logZero = -1e30;

/** One trajectory of each of `[n, D]` points, and the point that is drawn from it. */
function trajectory(model: Model, x: tf.Tensor2D, stepSize: tf.Tensor, depth: number) {
  const [chains] = x.shape;
  const start = evaluatedAt(model, x);
  const momentum = noise('normal', x.shape);
  const total = tf.add(start.energy, tf.mul(sumOfSquares(momentum), 0.5));
  const end: End = { x, momentum, score: start.score };
  let [left, right] = [end, end];
  let chosen: tf.Tensor = x;
  // Logarithms of sums of exp(H₀ - H): the start's own is 0.
  let logWeight: tf.Tensor = tf.zeros([chains, 1]);
  let goesOn: tf.Tensor = tf.ones([chains, 1]);
  let acceptances: tf.Tensor = tf.zeros([chains, 1]);
  let count: tf.Tensor = tf.zeros([chains, 1]);
  for (let level = 0; level < depth; level++) {
    const forwards = tf.less(noise('uniform', [chains, 1]), 0.5);
    const direction = tf.sub(tf.mul(tf.cast(forwards, 'float32'), 2), 1);
    const from = choose(forwards, right, left);
    const tree = subtree({ model, from, total, direction, stepSize, level, goesOn });
    // A newer half is preferred as far as its weight allows; one that turned inside is not looked at.
    const share = tf.exp(tf.minimum(tf.sub(tree.logWeight, logWeight), 0));
    const taken = tf.mul(
      tree.sound,
      tf.cast(tf.less(noise('uniform', [chains, 1]), share), 'float32'),
    );
    chosen = tf.where(tf.greater(taken, 0.5), tree.chosen, chosen);
    const isSound = tf.greater(tree.sound, 0.5);
    logWeight = tf.where(isSound, logAddExp(logWeight, tree.logWeight), logWeight);
    right = choose(tf.logicalAnd(isSound, forwards), tree.end, right);
    left = choose(tf.logicalAnd(isSound, tf.logicalNot(forwards)), tree.end, left);
    goesOn = tf.mul(tree.sound, goesStraight(left, right));
    acceptances = tf.add(acceptances, tree.acceptances);
    count = tf.add(count, tree.count);
  }
  return {
    next: chosen as tf.Tensor2D,
    acceptance: tf.div(acceptances, tf.maximum(count, 1)),
    count,
  };
}

interface SubtreeOptions {
  readonly model: Model;
  readonly from: End;
  /** H₀, `[n, 1]`. */
  readonly total: tf.Tensor;
  /** 1 or -1, `[n, 1]`. */
  readonly direction: tf.Tensor;
  readonly stepSize: tf.Tensor;
  readonly level: number;
  /** 1 where the chain has not turned, `[n, 1]`. */
  readonly goesOn: tf.Tensor;
}

/**
 * `2^level` leapfrog steps on from one end, as the leaves of a balanced tree. Of the leaf numbered i
 * (from 0) where i is even, the point is kept in the slot of as many bits as i/2 has; at an odd leaf all
 * subtrees that end there are checked, which begin in the last slots (Phan et al. 2019, appendix A).
 */
function subtree({ model, from, total, direction, stepSize, level, goesOn }: SubtreeOptions) {
  const [chains, dimensions] = from.x.shape as [number, number];
  const leaves = 2 ** level;
  const slots = Math.max(1, level);
  const numbers = Array.from({ length: leaves }, (_, leaf) => leaf);
  const bitsOf = (n: number) => n.toString(2).replaceAll('0', '').length;
  const lastSlot = numbers.map((leaf) => bitsOf(leaf >> 1));
  const ending = numbers.map((leaf) => /1*$/.exec(leaf.toString(2))![0].length);
  /** Per leaf and slot: 1 where it is kept in, or checked against. */
  const table = (isMarked: (leaf: number, slot: number) => boolean) =>
    tf.tensor2d(
      numbers.map((leaf) =>
        Array.from({ length: slots }, (_, slot) => Number(isMarked(leaf, slot))),
      ),
      [leaves, slots],
    );
  const kept = table((leaf, slot) => leaf % 2 === 0 && slot === lastSlot[leaf]);
  const checked = table((leaf, slot) => {
    const last = lastSlot[leaf]!;
    return leaf % 2 === 1 && slot <= last && slot > last - ending[leaf]!;
  });
  const uniforms = noise('uniform', [chains, leaves]);
  const step = tf.mul(direction, stepSize);
  const half = tf.mul(step, 0.5);
  const none = tf.zeros([chains, 1]);
  const empty = tf.zeros([slots, chains, dimensions]);
  const [x, momentum, score, chosen, logWeight, sound, acceptances, count] = loop(
    leaves,
    [from.x, from.momentum, from.score, from.x, tf.fill([chains, 1], logZero), goesOn].concat([
      none,
      none,
      empty,
      empty,
    ]),
    (leaf, [at, speed, slope, drawn, weight, isSound, sum, number, keptX, keptP]) => {
      const between = tf.add(speed!, tf.mul(slope!, half));
      const there = tf.add(at!, tf.mul(between, step)) as tf.Tensor2D;
      const { energy, score: nextSlope } = evaluatedAt(model, there);
      const nextSpeed = tf.add(between, tf.mul(nextSlope, half));
      const gain = tf.sub(total, tf.add(energy, tf.mul(sumOfSquares(nextSpeed), 0.5)));
      // A comparison with NaN is false: what is not finite has no weight and ends the trajectory.
      const isSane = tf.greater(gain, -largestGain);
      const log = tf.where(isSane, gain, tf.fill([chains, 1], logZero));
      const nextWeight = logAddExp(weight!, log);
      const uniform = tf.gather(uniforms, tf.expandDims(leaf, 0), 1);
      const isDrawn = tf.less(uniform, tf.exp(tf.sub(log, nextWeight)));
      const rowOf = (rows: tf.Tensor) =>
        tf.reshape(tf.gather(rows, tf.expandDims(leaf, 0)), [slots, 1, 1]);
      const isKept = tf.greater(rowOf(kept), 0.5);
      const nextKeptX = tf.where(isKept, tf.expandDims(there, 0), keptX!);
      const nextKeptP = tf.where(isKept, tf.expandDims(nextSpeed, 0), keptP!);
      // Where a subtree began, and where it ends: turned if either momentum points back.
      const way = tf.mul(tf.sub(tf.expandDims(there, 0), keptX!), direction);
      const dot = (p: tf.Tensor) => tf.sum(tf.mul(way, p), 2, true);
      const turned = tf.logicalOr(
        tf.less(dot(keptP!), 0),
        tf.less(dot(tf.expandDims(nextSpeed, 0)), 0),
      );
      const turns = tf.max(tf.mul(tf.cast(turned, 'float32'), rowOf(checked)), 0);
      const stays = tf.mul(tf.cast(isSane, 'float32'), tf.sub(1, turns));
      // Where a chain has turned already, nothing of what is computed here is used or counted.
      const probability = tf.mul(tf.exp(tf.minimum(log, 0)), isSound!);
      return [
        there,
        nextSpeed,
        nextSlope,
        tf.where(isDrawn, there, drawn!),
        nextWeight,
        tf.mul(isSound!, stays),
        tf.add(sum!, probability),
        tf.add(number!, isSound!),
        nextKeptX,
        nextKeptP,
      ];
    },
  );
  return {
    end: { x: x!, momentum: momentum!, score: score! },
    chosen: chosen!,
    logWeight: logWeight!,
    /** 1 where it neither turned nor failed. */
    sound: sound!,
    acceptances: acceptances!,
    count: count!,
  };
}

/** 1 where neither end of `[n, D]` points moves towards the other, `[n, 1]`. */
function goesStraight(left: End, right: End): tf.Tensor {
  const way = tf.sub(right.x, left.x);
  const along = ({ momentum }: End) => tf.sum(tf.mul(way, momentum), 1, true);
  const straight = tf.logicalAnd(tf.greater(along(left), 0), tf.greater(along(right), 0));
  return tf.cast(straight, 'float32');
}

function choose(condition: tf.Tensor, yes: End, no: End): End {
  return {
    x: tf.where(condition, yes.x, no.x),
    momentum: tf.where(condition, yes.momentum, no.momentum),
    score: tf.where(condition, yes.score, no.score),
  };
}

/** log(exp(a) + exp(b)), also where one of them is next to nothing. */
function logAddExp(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const larger = tf.maximum(a, b);
  return tf.add(larger, tf.log1p(tf.exp(tf.sub(tf.minimum(a, b), larger))));
}
