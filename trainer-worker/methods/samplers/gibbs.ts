import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import type { CarryingSampler, SamplerMethod } from './sampler-method';

export interface GibbsOptions {
  /** Iterations of each chain per training step, 1 to 100 000. Default 20. Each looks at one number. */
  readonly steps?: number;
}

export interface GibbsSpec extends Required<GibbsOptions> {
  readonly type: 'gibbs';
}

/**
 * Gibbs sampling of binary points with a random scan (Geman & Geman 1984): an iteration draws one of
 * the D numbers anew from its law given the others, `P(flip) = 1/(1 + exp(E(flipped) - E(x)))`. Its
 * stationary law is `exp(-E)` exactly; a sweep over all numbers takes about D iterations.
 */
export function gibbs(options?: GibbsOptions): GibbsSpec {
  return specOf(schema, 'sampler.gibbs', 'gibbs', options);
}

const schema: z.ZodType<GibbsSpec> = z.strictObject({
  type: z.literal('gibbs'),
  steps: integer(1, 100_000).default(20),
});

/** @internal */
export const gibbsMethod: SamplerMethod<GibbsSpec, typeof gibbs, CarryingSampler> = {
  create: gibbs,
  schema,
  domains: ['binary'],
  build: ({ steps }) => ({
    steps,
    init: (x, model) => ({ energy: model.energy(x) }),
    advance(x, { energy }, model) {
      const [chains, dimensions] = x.shape;
      const places = tf.floor(tf.mul(noise('uniform', [chains, 1]), dimensions));
      const columns = tf.range(0, dimensions, 1, 'float32');
      const chosen = tf.cast(tf.equal(places, columns), 'float32');
      // 1 - 2x is the way to the other value.
      const way = tf.mul(chosen, tf.sub(1, tf.mul(x, 2)));
      const flipped = tf.add(x, way) as tf.Tensor2D;
      const after = model.energy(flipped);
      const flips = tf.less(noise('uniform', [chains]), tf.sigmoid(tf.sub(energy!, after)));
      return {
        x: tf.where(tf.expandDims(flips, 1), flipped, x),
        carried: { energy: tf.where(flips, after, energy!) },
      };
    },
  }),
};
