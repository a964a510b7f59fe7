import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { buildSde, type SdeSpec, sdeOption } from '../sdes';
import { type Moment, reverseStep, scoreAt, unlessThrough } from './reverse-time';
import type { MemorylessSampler, SamplerMethod } from './sampler-method';
import { noisyDomainField } from './walls';

export interface ProbabilityFlowOptions {
  /** Iterations in all, from time 1 to the end, 1 to 100 000. Default 100. Each takes two scores. */
  readonly steps?: number;
  /** How noise grows with time: as in the objective. Default `sde.varianceExploding()`. */
  readonly sde?: SdeSpec;
}

export interface ProbabilityFlowSpec extends Required<ProbabilityFlowOptions> {
  readonly type: 'probabilityFlow';
}

/**
 * The probability-flow equation `dx/dt = f x - ½ g² s(x, t)`, which moves points without any noise such
 * that at each time they have the law of the stochastic one (Song et al. 2021, arXiv:2011.13456,
 * section 4.3). In `y = x/m` and `σ = d/m` it is `dy/dσ = -σ m s`; Heun's second-order steps along it
 * (Karras et al. 2022, arXiv:2206.00364). The same start always leads to the same sample.
 */
export function probabilityFlow(options?: ProbabilityFlowOptions): ProbabilityFlowSpec {
  return specOf(schema, 'sampler.probabilityFlow', 'probabilityFlow', options);
}

const schema: z.ZodType<ProbabilityFlowSpec> = z.strictObject({
  type: z.literal('probabilityFlow'),
  steps: integer(1, 100_000).default(100),
  sde: sdeOption,
  domain: noisyDomainField,
});

/** @internal */
export const probabilityFlowMethod: SamplerMethod<
  ProbabilityFlowSpec,
  typeof probabilityFlow,
  MemorylessSampler
> = {
  create: probabilityFlow,
  schema,
  ends: true,
  build({ steps, sde: spec }) {
    const sde = buildSde(spec);
    return {
      steps,
      step(x, model, iteration) {
        const { from, to } = reverseStep(sde, steps, iteration);
        const level = ({ mean, deviation }: Moment) => tf.div(deviation, mean);
        const slope = (y: tf.Tensor, at: Moment) => {
          const score = scoreAt(model, tf.mul(y, at.mean) as tf.Tensor2D, at);
          return tf.neg(tf.mul(score, tf.mul(level(at), at.mean)));
        };
        const y = tf.div(x, from.mean);
        const way = tf.sub(level(to), level(from));
        const first = slope(y, from);
        const second = slope(tf.add(y, tf.mul(first, way)), to);
        const next = tf.add(y, tf.mul(tf.add(first, second), tf.mul(way, 0.5)));
        return unlessThrough(iteration, steps, x, tf.mul(next, to.mean));
      },
    };
  },
};
