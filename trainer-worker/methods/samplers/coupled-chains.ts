import * as tf from '@tensorflow/tfjs';
import { loop, noise, stopGradient } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import { choose, type Evaluated, evaluatedAt } from './evaluated';
import { langevinMean, logLangevinRatio, sumOfSquares } from './langevin-proposal';

/** Two Markov chains per start, X one step ahead of Y, that meet and then stay together. */
export interface CoupledChains {
  /** X₁ … X_T, `[n, T, D]`; constants for differentiation. */
  readonly ahead: tf.Tensor3D;
  /** Y₀ … Y_{T-1}, `[n, T, D]`, each beside the X that it is compared with. */
  readonly behind: tf.Tensor3D;
  /** 1 where X_t and Y_{t-1} have not met at time t, else 0; `[n, T]`. */
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
  const behindAtFirst = evaluatedAt(model, starts);
  const z = tf.mul(noise('normal', starts.shape), stepSize);
  const proposal = evaluatedAt(
    model,
    tf.add(langevinMean(behindAtFirst, stepSize), z) as tf.Tensor2D,
  );
  const accepted = accepts(behindAtFirst, proposal, stepSize, noise('uniform', [count, 1]));
  const aheadAtFirst = choose(accepted, proposal, behindAtFirst);
  const recorded = tf.zeros([count, steps, dimensions]);
  const [ahead, behind, apart] = loop(
    steps,
    [
      ...[recorded, recorded, tf.zeros([count, steps, 1])],
      ...partsOf(aheadAtFirst),
      ...partsOf(behindAtFirst),
      // A proposal that is rejected leaves X₁ on Y₀.
      tf.cast(accepted, 'float32'),
    ],
    (iteration, [xs, ys, separates, ...both]) => {
      const [x, y, separate] = [pointsOf(both, 0), pointsOf(both, 3), both[6]!];
      const now = tf.reshape(tf.equal(tf.range(0, steps, 1, 'int32'), iteration), [1, steps, 1]);
      const write = (all: tf.Tensor, one: tf.Tensor) => tf.where(now, tf.expandDims(one, 1), all);
      const next = coupledStep(model, x, y, separate, stepSize);
      return [
        ...[write(xs!, x.x), write(ys!, y.x), write(separates!, separate)],
        ...partsOf(next.x),
        ...partsOf(next.y),
        next.separate,
      ];
    },
  );
  return {
    ahead: stopGradient(ahead!) as tf.Tensor3D,
    behind: stopGradient(behind!) as tf.Tensor3D,
    apart: stopGradient(tf.squeeze(apart!, [2])) as tf.Tensor2D,
  };
}

/** `[n, 1]` booleans: whether a Langevin step is accepted under `uniform` of `[n, 1]`. */
function accepts(from: Evaluated, to: Evaluated, stepSize: number, uniform: tf.Tensor): tf.Tensor {
  return tf.less(uniform, tf.exp(logLangevinRatio(from, to, stepSize)));
}

/** Points among the tensors of a loop. */
const partsOf = ({ x, energy, score }: Evaluated): readonly tf.Tensor[] => [x, energy, score];

function pointsOf(parts: readonly tf.Tensor[], first: number): Evaluated {
  const [x, energy, score] = parts.slice(first);
  return { x: x as tf.Tensor2D, energy: energy!, score: score! };
}

/**
 * One iteration of both chains.
 *
 * @param separate `[n, 1]`, 1 where they have not met
 */
function coupledStep(
  model: Model,
  x: Evaluated,
  y: Evaluated,
  separate: tf.Tensor,
  stepSize: number,
): { readonly x: Evaluated; readonly y: Evaluated; readonly separate: tf.Tensor } {
  const [count] = x.x.shape;
  const [meanOfX, meanOfY] = [langevinMean(x, stepSize), langevinMean(y, stepSize)];
  const z = noise('normal', x.x.shape);
  const distance = tf.div(tf.sub(meanOfX, meanOfY), stepSize);
  const shifted = tf.add(z, distance);
  // The density of Y's proposal at X's over that of X's: how often they can be the same.
  const ratio = tf.exp(tf.mul(tf.sub(sumOfSquares(z), sumOfSquares(shifted)), 0.5));
  const same = tf.less(noise('uniform', [count, 1]), ratio);
  const squared = tf.add(sumOfSquares(distance), smallest);
  const along = tf.div(tf.sum(tf.mul(z, distance), 1, true), squared);
  const reflected = tf.sub(z, tf.mul(distance, tf.mul(along, 2)));
  const toX = tf.add(meanOfX, tf.mul(z, stepSize)) as tf.Tensor2D;
  const toY = tf.where(same, toX, tf.add(meanOfY, tf.mul(reflected, stepSize))) as tf.Tensor2D;
  const [proposalOfX, proposalOfY] = [evaluatedAt(model, toX), evaluatedAt(model, toY)];
  const uniform = noise('uniform', [count, 1]);
  const acceptsX = accepts(x, proposalOfX, stepSize, uniform);
  const acceptsY = accepts(y, proposalOfY, stepSize, uniform);
  const nextX = choose(acceptsX, proposalOfX, x);
  const meets = tf.logicalAnd(same, tf.logicalAnd(acceptsX, acceptsY));
  const nextSeparate = tf.mul(separate, tf.cast(tf.logicalNot(meets), 'float32'));
  // Said outright: rows of one product may be rounded differently by their place in it.
  const nextY = choose(tf.greater(nextSeparate, 0.5), choose(acceptsY, proposalOfY, y), nextX);
  return { x: nextX, y: nextY, separate: nextSeparate };
}

/** Keeps the direction of a vanishing distance defined; the reflection is not used there. */
const smallest = 1e-30;
