import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import type { EnergyMethod } from './energy-method';
import { upperTriangle } from './triangle';

/** It has no options. */
export type IsingOptions = Readonly<Record<string, never>>;

export interface IsingSpec {
  readonly type: 'ising';
}

/**
 * Every pair of spins s = 2x − 1 of binary data attracts or repels, and a field acts on each:
 * `E(x) = -Σ_{i<j} J_ij s_i s_j - Σ h_i s_i`. Parameters `coupling` `[D, D]`, of which the part above the
 * diagonal is J and the rest has no effect, and `field` `[D]`.
 */
export function ising(options?: IsingOptions): IsingSpec {
  return specOf(schema, 'energy.ising', 'ising', options);
}

const schema: z.ZodType<IsingSpec> = z.strictObject({ type: z.literal('ising') });

/** @internal */
export const isingMethod: EnergyMethod<IsingSpec, typeof ising> = {
  create: ising,
  schema,
  domains: ['binary'],
  build: (_spec, dimensions) => ({
    init: () => ({ coupling: tf.zeros([dimensions, dimensions]), field: tf.zeros([dimensions]) }),
    energy({ coupling, field }, x) {
      const spins = tf.sub(tf.mul(x, 2), 1) as tf.Tensor2D;
      const pairs = tf.mul(coupling!, upperTriangle(dimensions));
      const local = tf.add(tf.matMul(spins, pairs as tf.Tensor2D), field!);
      return tf.neg(tf.sum(tf.mul(spins, local), 1));
    },
  }),
};
