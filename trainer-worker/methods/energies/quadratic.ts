import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import type { EnergyMethod } from './energy-method';

export interface QuadraticOptions {
  /** Initial θ on every axis, −1000 to 1000. Default 1. */
  readonly curvature?: number;
}

export interface QuadraticSpec extends Required<QuadraticOptions> {
  readonly type: 'quadratic';
}

/**
 * `E(x) = ½ Σ θ_d x_d²`: the energy on which most methods have a closed form. On data of mean 0 its
 * maximum likelihood is at θ_d = 1 / variance. Parameter `curvature` `[D]`, the θ; a density while
 * all are positive.
 */
export function quadratic(options?: QuadraticOptions): QuadraticSpec {
  return specOf(schema, 'energy.quadratic', 'quadratic', options);
}

const schema: z.ZodType<QuadraticSpec> = z.strictObject({
  type: z.literal('quadratic'),
  curvature: z.number().min(-1000).max(1000).default(1),
});

/** @internal */
export const quadraticMethod: EnergyMethod<QuadraticSpec, typeof quadratic> = {
  create: quadratic,
  schema,
  domains: ['real'],
  build: ({ curvature: initial }, dimensions) => ({
    init: () => ({ curvature: tf.fill([dimensions], initial) }),
    energy: ({ curvature }, x) => tf.mul(tf.sum(tf.mul(tf.square(x), curvature!), 1), 0.5),
    logPartition: ({ curvature }) =>
      tf.mul(tf.sub(dimensions * Math.log(2 * Math.PI), tf.sum(tf.log(curvature!))), 0.5),
  }),
};
