import * as tf from '@tensorflow/tfjs';
import type { Model } from '../energies/model';
import { loop, noise, stopGradient } from '../graph/trace';
import { evaluatedAt, langevinMean, logLangevinRatio, sumOfSquares } from './langevin-proposal';

/** Two Markov chains per start, X one step ahead of Y, that meet and then stay together. */
export interface CoupledChains {
  /** X₁ … X_T, `[T, n, D]`; constants for differentiation. */
  readonly ahead: tf.Tensor3D;
  /** Y₀ … Y_{T-1}, `[T, n, D]`, each beside the X that it is compared with. */
  readonly behind: tf.Tensor3D;
  /** 1 where X_t and Y_{t-1} have not met at time t, else 0; `[T, n]`. */
  readonly apart: tf.Tensor2D;
}

/**
 * Coupled Metropolis-adjusted Langevin chains (Jacob, O'Leary & Atchadé 2020; Heng & Jacob 2019): both
 * leave `exp(-E)` invariant, each by itself an ordinary chain. Their Gaussian proposals are coupled by
 * reflection and made equal as often as two Gaussians of these means can be; one uniform decides on
 * both, so that equal proposals are mostly accepted together.
 *
 * @param starts `[n, D]`, X₀ and Y₀ of each pair
 * @param stepSize ε in `x ← x + ε²/2 · score + ε · z`
 * @param steps T
 */
export function coupledChains(
  model: Model,
  starts: tf.Tensor2D,
  stepSize: number,
  steps: number,
): CoupledChains {
  const [count, dimensions] = starts.shape;
  const first = langevinProposal(model, starts, stepSize);
  const proposal = tf.add(first.mean, tf.mul(noise('normal', starts.shape), stepSize));
  const accepted = first.accepts(proposal as tf.Tensor2D, noise('uniform', [count, 1]));
  const start = tf.where(accepted, proposal, starts);
  const recorded = tf.zeros([steps, count, dimensions]);
  const [, , , ahead, behind, apart] = loop(
    steps,
    // A proposal that is rejected leaves X₁ on Y₀.
    [start, starts, tf.cast(accepted, 'float32'), recorded, recorded, tf.zeros([steps, count, 1])],
    (iteration, [x, y, separate, xs, ys, separates]) => {
      const now = tf.reshape(tf.equal(tf.range(0, steps, 1, 'int32'), iteration), [steps, 1, 1]);
      const write = (all: tf.Tensor, one: tf.Tensor) => tf.where(now, tf.expandDims(one, 0), all);
      const next = coupledStep(model, x as tf.Tensor2D, y as tf.Tensor2D, separate!, stepSize);
      return [...next, write(xs!, x!), write(ys!, y!), write(separates!, separate!)];
    },
  );
  return {
    ahead: stopGradient(ahead!) as tf.Tensor3D,
    behind: stopGradient(behind!) as tf.Tensor3D,
    apart: stopGradient(tf.squeeze(apart!, [2])) as tf.Tensor2D,
  };
}

/** The Gaussian proposal of a Langevin step at `[n, D]` points. */
function langevinProposal(model: Model, x: tf.Tensor2D, stepSize: number) {
  const from = evaluatedAt(model, x);
  return {
    /** `[n, D]`; the standard deviation is ε. */
    mean: langevinMean(from, stepSize),
    /** `[n, 1]` booleans: whether `proposal` is accepted under `uniform` of `[n, 1]`. */
    accepts(proposal: tf.Tensor2D, uniform: tf.Tensor): tf.Tensor {
      const logRatio = logLangevinRatio(from, evaluatedAt(model, proposal), stepSize);
      return tf.less(uniform, tf.exp(logRatio));
    },
  };
}

/**
 * One iteration of both chains.
 *
 * @param separate `[n, 1]`, 1 where they have not met
 */
function coupledStep(
  model: Model,
  x: tf.Tensor2D,
  y: tf.Tensor2D,
  separate: tf.Tensor,
  stepSize: number,
): readonly [x: tf.Tensor, y: tf.Tensor, separate: tf.Tensor] {
  const [count] = x.shape;
  const ofX = langevinProposal(model, x, stepSize);
  const ofY = langevinProposal(model, y, stepSize);
  const z = noise('normal', x.shape);
  const distance = tf.div(tf.sub(ofX.mean, ofY.mean), stepSize);
  const shifted = tf.add(z, distance);
  // The density of Y's proposal at X's over that of X's: how often they can be the same.
  const ratio = tf.exp(tf.mul(tf.sub(sumOfSquares(z), sumOfSquares(shifted)), 0.5));
  const same = tf.less(noise('uniform', [count, 1]), ratio);
  const squared = tf.add(sumOfSquares(distance), smallest);
  const along = tf.div(tf.sum(tf.mul(z, distance), 1, true), squared);
  const reflected = tf.sub(z, tf.mul(distance, tf.mul(along, 2)));
  const toX = tf.add(ofX.mean, tf.mul(z, stepSize));
  const toY = tf.where(same, toX, tf.add(ofY.mean, tf.mul(reflected, stepSize)));
  const uniform = noise('uniform', [count, 1]);
  const acceptsX = ofX.accepts(toX as tf.Tensor2D, uniform);
  const acceptsY = ofY.accepts(toY as tf.Tensor2D, uniform);
  const nextX = tf.where(acceptsX, toX, x);
  const meets = tf.logicalAnd(same, tf.logicalAnd(acceptsX, acceptsY));
  const nextSeparate = tf.mul(separate, tf.cast(tf.logicalNot(meets), 'float32'));
  // Said outright: rows of one product may be rounded differently by their place in it.
  const nextY = tf.where(tf.greater(nextSeparate, 0.5), tf.where(acceptsY, toY, y), nextX);
  return [nextX, nextY, nextSeparate];
}

/** Keeps the direction of a vanishing distance defined; the reflection is not used there. */
const smallest = 1e-30;
