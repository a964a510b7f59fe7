import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { bernoulli } from './bernoulli';
import type { EnergyMethod } from './energy-method';

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
  }),
};
