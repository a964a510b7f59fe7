import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { bernoulli } from './bernoulli';
import type { EnergyMethod } from './energy-method';

export interface GaussBernoulliRbmOptions {
  /** Hidden units, 1 to 16 384. Default 64. */
  readonly hidden?: number;
  /** σ, the standard deviation of each visible unit given the hidden ones, above 0 to 1000. Default 1. */
  readonly deviation?: number;
}

export interface GaussBernoulliRbmSpec extends Required<GaussBernoulliRbmOptions> {
  readonly type: 'gaussBernoulliRbm';
}

/**
 * A restricted Boltzmann machine on real data:
 * `E(v, h) = Σ (v - a)²/(2σ²) - b·h - (v/σ)·W·h` with hidden units h of 0 and 1 summed out:
 * `F(v) = Σ (v - a)²/(2σ²) - Σ softplus(b + (v/σ)·W)` (Hinton & Salakhutdinov, Science 2006).
 * Parameters `weight` `[D, hidden]`, `visible` `[D]`, `hidden` `[hidden]`.
 */
export function gaussBernoulliRbm(options?: GaussBernoulliRbmOptions): GaussBernoulliRbmSpec {
  return specOf(schema, 'energy.gaussBernoulliRbm', 'gaussBernoulliRbm', options);
}

const schema: z.ZodType<GaussBernoulliRbmSpec> = z.strictObject({
  type: z.literal('gaussBernoulliRbm'),
  hidden: integer(1, 16_384).default(64),
  deviation: positive.max(1000).default(1),
});

/** @internal */
export const gaussBernoulliRbmMethod: EnergyMethod<
  GaussBernoulliRbmSpec,
  typeof gaussBernoulliRbm
> = {
  create: gaussBernoulliRbm,
  schema,
  domains: ['real', 'nonnegative'],
  sweeps: () => ['real'],
  build: ({ hidden, deviation }, dimensions) => ({
    init: (random) => ({
      weight: random.normal([dimensions, hidden], { deviation: 0.01 }),
      visible: tf.zeros([dimensions]),
      hidden: tf.zeros([hidden]),
    }),
    energy(parameters, x) {
      const { weight, visible, hidden: bias } = parameters;
      const distance = tf.sum(tf.square(tf.div(tf.sub(x, visible!), deviation)), 1);
      const inputs = tf.add(tf.matMul(tf.div(x, deviation), weight!), bias!);
      return tf.sub(tf.mul(distance, 0.5), tf.sum(tf.softplus(inputs), 1));
    },
    // Hidden units are independent given the visible ones, which are Gaussians given the hidden.
    sweep({ weight, visible, hidden: bias }, x) {
      const h = bernoulli(tf.add(tf.matMul(tf.div(x, deviation), weight!), bias!));
      const mean = tf.add(visible!, tf.mul(tf.matMul(h, weight!, false, true), deviation));
      return tf.add(mean, tf.mul(noise('normal', x.shape), deviation)) as tf.Tensor2D;
    },
    filters: 'weight',
  }),
};
