import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { bernoulli, logitsOf } from './bernoulli';
import type { Energy, EnergyMethod, EnergyParameters } from './energy-method';
import { logSumOverStates, mostSummed } from './hidden-layer';
import { LevelBlocks } from './level-blocks';

export interface RbmOptions {
  /** Hidden units, 1 to 16 384. Default 64. */
  readonly hidden?: number;
}

export interface RbmSpec extends Required<RbmOptions> {
  readonly type: 'rbm';
}

/**
 * A restricted Boltzmann machine on binary or categorical data: `E(v, h) = -a·v - b·h - v·W·h` with hidden units h of
 * 0 and 1 summed out, so that its energy is the free energy
 * `F(v) = -a·v - Σ softplus(b + v·W)` (Hinton, "A Practical Guide to Training RBMs", 2010).
 * Categories are softmax units, a column for each level, D of them in all (Salakhutdinov, Mnih & Hinton
 * 2007). Parameters `weight` `[D, hidden]`, `visible` `[D]`, `hidden` `[hidden]`.
 */
export function rbm(options?: RbmOptions): RbmSpec {
  return specOf(schema, 'energy.rbm', 'rbm', options);
}

const schema: z.ZodType<RbmSpec> = z.strictObject({
  type: z.literal('rbm'),
  hidden: integer(1, 16_384).default(64),
});

/** @internal */
export const rbmMethod: EnergyMethod<RbmSpec, typeof rbm> = {
  create: rbm,
  schema,
  domains: ['binary', 'categorical'],
  sweeps: () => ['binary', 'categorical'],
  build: ({ hidden }, dimensions, _part, levels) => ({
    init: (random) => ({
      // Small, to begin near independent units: Hinton's recommendation.
      weight: random.normal([dimensions, hidden], { deviation: 0.01 }),
      visible: tf.zeros([dimensions]),
      hidden: tf.zeros([hidden]),
    }),
    energy(parameters, x) {
      const { weight, visible, hidden: bias } = parameters;
      const inputs = tf.add(tf.matMul(x, weight!), bias!);
      return tf.neg(tf.add(tf.sum(tf.mul(x, visible!), 1), tf.sum(tf.softplus(inputs), 1)));
    },
    // Units of one layer are independent given the other.
    sweep({ weight, visible, hidden: bias }, x) {
      const h = bernoulli(tf.add(tf.matMul(x, weight!), bias!));
      const logits = tf.add(tf.matMul(h, weight!, false, true), visible!);
      return levels ? new LevelBlocks(levels).drawn(logits) : (bernoulli(logits) as tf.Tensor2D);
    },
    filters: 'weight',
    ...logPartitionOf(hidden, dimensions, levels),
    // Salakhutdinov & Murray 2008: from units that are as often on as in the data.
    path: {
      at: ({ weight, visible, hidden: bias }, share, means) => ({
        weight: tf.mul(weight!, share),
        visible: tf.add(tf.mul(baseBias(means, levels), tf.sub(1, share)), tf.mul(visible!, share)),
        hidden: tf.mul(bias!, share),
      }),
      logPartition: (_parameters, means) =>
        tf.add(tf.sum(logSumOfVisible(baseBias(means, levels), levels)), hidden * Math.LN2),
    },
  }),
};

/**
 * Logits of visible units that are as often on as these; away from never and always, where the model may
 * go.
 */
function baseBias(means: tf.Tensor, levels: readonly number[] | undefined): tf.Tensor {
  if (levels === undefined) return logitsOf(means);
  const even = levels.flatMap((count) => new Array<number>(count).fill(0.04 / count));
  return tf.log(tf.add(tf.mul(means, 0.96), even));
}

/**
 * The logarithm of the sum over all states of each visible unit.
 *
 * @param logits `[…, D]`
 * @returns `[…, D]`, or of categories `[n, categories]`
 */
function logSumOfVisible(logits: tf.Tensor, levels: readonly number[] | undefined): tf.Tensor {
  if (levels === undefined) return tf.softplus(logits);
  const rows = logits.rank === 1 ? tf.expandDims(logits, 0) : logits;
  return tf.logSumExp(new LevelBlocks(levels).apart(rows), 2);
}

/** log Z where the states of one layer can be summed, the other summed out: the smaller one of bits. */
function logPartitionOf(
  hidden: number,
  dimensions: number,
  levels: readonly number[] | undefined,
): Pick<Energy, 'logPartition'> {
  const overHidden = ({ weight, visible, hidden: bias }: EnergyParameters) =>
    logSumOverStates(hidden, (states) =>
      tf.add(
        tf.sum(tf.mul(states, bias!), 1),
        tf.sum(
          logSumOfVisible(tf.add(tf.matMul(states, weight!, false, true), visible!), levels),
          1,
        ),
      ),
    );
  if (levels !== undefined || hidden <= dimensions) {
    return hidden <= mostSummed ? { logPartition: overHidden } : {};
  }
  const overVisible = ({ weight, visible, hidden: bias }: EnergyParameters) =>
    logSumOverStates(dimensions, (states) =>
      tf.add(
        tf.sum(tf.mul(states, visible!), 1),
        tf.sum(tf.softplus(tf.add(tf.matMul(states, weight!), bias!)), 1),
      ),
    );
  return dimensions <= mostSummed ? { logPartition: overVisible } : {};
}
