import * as tf from '@tensorflow/tfjs';
import { loop, noise } from '../../compiler/trace/trace';
import type { Moments } from '../data/moments';
import type { Model } from '../energies/model';
import { axisCurvatures, projectedCurvature } from '../objectives/projected-curvature';
import { type Moment, reverseStep } from '../samplers/reverse-time';
import type { Sde } from '../sdes/sde-method';

interface FlowOptions {
  readonly sde: Sde;
  /** Those of the data: what they have become at time 1 is nearly Gaussian. */
  readonly moments: Moments;
  readonly steps: number;
  /** Whether the divergence is exact, at D times the cost, or estimated along one direction a point. */
  readonly isExact: boolean;
}

/** The most dimensions in which a divergence is exact where nobody says. */
const mostExact = 8;

/** Whether {@link flowLogDensity} should take the divergence exactly in so many dimensions. */
export function isExactIn(dimensions: number): boolean {
  return dimensions <= mostExact;
}

/**
 * The log-density of points under the probability flow of a score (Song et al. 2021, arXiv:2011.13456,
 * section 4.3): the flow carries a point of the smallest time to time 1, where its density is that of
 * the Gaussian which data of these moments become, and on the way the density changes by the flow's
 * divergence. In `y = x/m` and `σ = d/m` it is `dy/dσ = -d s(m y, d)` and
 * `d log p(y)/dσ = d m tr ∂s/∂x`, by Heun's steps at equal times, whose error falls with their square.
 * An estimated divergence is along random signs, the same ones all the way (Hutchinson 1990; Grathwohl
 * et al. 2019): right on average.
 *
 * @param model whose energies or scores are of a noise level, d
 * @param x points at the smallest time, `[n, D]`
 * @returns nats, `[n]`
 */
export function flowLogDensity(
  model: Model,
  x: tf.Tensor2D,
  { sde, moments, steps, isExact }: FlowOptions,
): tf.Tensor {
  const [count, dimensions] = x.shape;
  const signs = isExact ? undefined : (noise('rademacher', [count, dimensions]) as tf.Tensor2D);
  const traced = (
    points: tf.Tensor2D,
    condition: tf.Tensor1D,
  ): { readonly score: tf.Tensor; readonly trace: tf.Tensor } => {
    if (isExact) {
      const { score, curvatures } = axisCurvatures(model, points, condition);
      return { score, trace: tf.sum(curvatures, 1) };
    }
    const { score, curvature } = projectedCurvature(model, points, signs!, condition);
    return { score, trace: curvature };
  };
  const levelOf = ({ mean, deviation }: Moment) => tf.div(deviation, mean);
  const slopes = (y: tf.Tensor, at: Moment) => {
    const condition = tf.mul(tf.ones([count]), at.deviation) as tf.Tensor1D;
    const { score, trace } = traced(tf.mul(y, at.mean) as tf.Tensor2D, condition);
    return {
      velocity: tf.neg(tf.mul(score, at.deviation)),
      divergence: tf.neg(tf.mul(trace, tf.mul(at.deviation, at.mean))),
    };
  };
  const start: tf.Tensor = tf.scalar(steps - 1, 'int32');
  const { to: first } = reverseStep(sde, steps, start);
  const [end, gathered] = loop(
    steps,
    [tf.div(x, first.mean), tf.zeros([count])],
    (iteration, [y, sum]) => {
      // What backwards in time is the last step is the first one here.
      const { from: after, to: before } = reverseStep(sde, steps, tf.sub(start, iteration));
      const way = tf.sub(levelOf(after), levelOf(before));
      const half = tf.mul(way, 0.5);
      const here = slopes(y!, before);
      const there = slopes(tf.add(y!, tf.mul(here.velocity, way)), after);
      return [
        tf.add(y!, tf.mul(tf.add(here.velocity, there.velocity), half)),
        tf.add(sum!, tf.mul(tf.add(here.divergence, there.divergence), half)),
      ];
    },
  );
  const { from: last } = reverseStep(sde, steps, tf.scalar(0, 'int32'));
  const variance = tf.add(tf.tensor1d([...moments.variances]), tf.square(levelOf(last)));
  const apart = tf.sub(end!, tf.tensor1d([...moments.means]));
  const logs = tf.add(tf.div(tf.square(apart), variance), tf.log(tf.mul(variance, 2 * Math.PI)));
  const prior = tf.mul(tf.sum(logs, 1), -0.5);
  const logVolume = tf.mul(tf.log(first.mean), dimensions);
  return tf.sub(tf.add(prior, gathered!), logVolume);
}
