import * as tf from '@tensorflow/tfjs';
import type { Carried, Kept, Statistics } from './sampler-method';

/** Iterations at the head of a run of chains count less than the rest. */
const offset = 10;
/** Strength of the pull towards ten times the first step size. */
const shrinkage = 0.05;

/** The step size of chains, shared by all of them, and how often they accepted. */
export interface StepSizeAdaptation {
  /** What chains that live on go on with: the adaptation, not the counts of a run. */
  readonly keeps: Kept;
  /** What so many chains carry into the first iteration. */
  init(chains: number): Carried;
  /** ε of the next iteration, a scalar. */
  stepSize(carried: Carried): tf.Scalar;
  /** @param acceptance each chain's probability to accept in the iteration, `[chains, 1]` */
  update(carried: Carried, acceptance: tf.Tensor): Carried;
  /** `Acceptance`, the mean over the run, and `Step size` where it is adapted. */
  statistics(carried: Carried): Statistics;
}

/**
 * Dual averaging of Nesterov as in Hoffman & Gelman 2014, section 3.2 (γ = 0.05, t₀ = 10): log ε moves
 * until the mean acceptance is `target`. Its changes die out like 1/√t, and so does what an adapted
 * chain differs from one with a fixed step; with few iterations it has no time to adapt much.
 *
 * @param first ε of the first iteration
 * @param target mean acceptance to reach, or `null`: ε stays
 */
export function dualAveraging(first: number, target: number | null): StepSizeAdaptation {
  // By chain: whoever computes some of the chains need not wait for the others.
  const counted = (chains: number): Carried => ({
    iterations: tf.scalar(0),
    acceptances: tf.zeros([chains, 1]),
  });
  const count = ({ iterations, acceptances }: Carried, acceptance: tf.Tensor): Carried => ({
    iterations: tf.add(iterations!, 1),
    acceptances: tf.add(acceptances!, acceptance),
  });
  // A run of no iterations has accepted nothing.
  const mean = ({ iterations, acceptances }: Carried): Statistics => ({
    Acceptance: tf.div(tf.mean(acceptances!), tf.maximum(iterations!, 1)),
  });
  if (target === null) {
    return {
      keeps: {},
      init: counted,
      stepSize: () => tf.scalar(first),
      update: count,
      statistics: mean,
    };
  }
  const aim = Math.log(10 * first);
  return {
    keeps: { ofAll: { updates: 1, shortfall: 1, logStepSize: 1 } },
    init: (chains) => ({
      ...counted(chains),
      updates: tf.scalar(0),
      shortfall: tf.scalar(0),
      logStepSize: tf.scalar(Math.log(first)),
    }),
    stepSize: ({ logStepSize }) => tf.exp(logStepSize!) as tf.Scalar,
    update(carried, acceptance) {
      const updates = tf.add(carried['updates']!, 1);
      const share = tf.div(1, tf.add(updates, offset));
      const shortfall = tf.add(
        tf.mul(tf.sub(1, share), carried['shortfall']!),
        tf.mul(share, tf.sub(target, tf.mean(acceptance))),
      );
      const pull = tf.div(tf.mul(tf.sqrt(updates), shortfall), shrinkage);
      const next = count(carried, acceptance);
      return { ...next, updates, shortfall, logStepSize: tf.sub(aim, pull) };
    },
    statistics: (carried) => ({
      ...mean(carried),
      'Step size': tf.exp(carried['logStepSize']!),
    }),
  };
}
