import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { bernoulli } from './bernoulli';
import type { EnergyMethod, EnergyParameters } from './energy-method';
import { logSumOverStates, mostSummed } from './hidden-layer';

export interface RbmOptions {
  /** Hidden units, 1 to 16 384. Default 64. */
  readonly hidden?: number;
}

export interface RbmSpec extends Required<RbmOptions> {
  readonly type: 'rbm';
}

/**
 * A restricted Boltzmann machine on binary data: `E(v, h) = -a·v - b·h - v·W·h` with hidden units h of
 * 0 and 1 summed out, so that its energy is the free energy
 * `F(v) = -a·v - Σ softplus(b + v·W)` (Hinton, "A Practical Guide to Training RBMs", 2010).
 * Parameters `weight` `[D, hidden]`, `visible` `[D]`, `hidden` `[hidden]`.
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
  domains: ['binary'],
  sweeps: () => ['binary'],
  build: ({ hidden }, dimensions) => ({
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
      return bernoulli(tf.add(tf.matMul(h, weight!, false, true), visible!)) as tf.Tensor2D;
    },
    ...(Math.min(hidden, dimensions) <= mostSummed ? { logPartition: exactLogPartition } : {}),
    // Salakhutdinov & Murray 2008: from units that are as often on as in the data.
    path: {
      at: ({ weight, visible, hidden: bias }, share, means) => ({
        weight: tf.mul(weight!, share),
        visible: tf.add(tf.mul(baseBias(means), tf.sub(1, share)), tf.mul(visible!, share)),
        hidden: tf.mul(bias!, share),
      }),
      logPartition: (_parameters, means) =>
        tf.add(tf.sum(tf.softplus(baseBias(means))), hidden * Math.LN2),
    },
  }),
};

/** Log-odds of units that are as often on as these; away from never and always, where the model may go. */
function baseBias(means: tf.Tensor): tf.Tensor {
  const chances = tf.add(tf.mul(means, 0.96), 0.02);
  return tf.log(tf.div(chances, tf.sub(1, chances)));
}

/** Over all states of the smaller layer, the other summed out. */
function exactLogPartition({ weight, visible, hidden }: EnergyParameters): tf.Tensor {
  const [dimensions, units] = weight!.shape as [number, number];
  const [own, other, isHidden] =
    units <= dimensions ? [hidden!, visible!, true] : [visible!, hidden!, false];
  return logSumOverStates(Math.min(units, dimensions), (states) =>
    tf.add(
      tf.sum(tf.mul(states, own), 1),
      tf.sum(tf.softplus(tf.add(tf.matMul(states, weight!, false, isHidden), other)), 1),
    ),
  );
}
