import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { buildSde, type SdeSpec, sdeOption } from '../sdes';
import { type ReverseStep, reverseStep, scoreAt, unlessThrough } from './reverse-time';
import type { MemorylessSampler, SamplerMethod } from './sampler-method';
import { noisyDomainField } from './walls';

export interface ReverseSdeOptions {
  /** Iterations in all, from time 1 to the end, 1 to 100 000. Default 300. */
  readonly steps?: number;
  /** How noise grows with time: as in the objective. Default `sde.varianceExploding()`. */
  readonly sde?: SdeSpec;
}

export interface ReverseSdeSpec extends Required<ReverseSdeOptions> {
  readonly type: 'reverseSde';
}

/**
 * A stochastic differential equation run backwards in time (Anderson 1982; Song et al. 2021,
 * arXiv:2011.13456) by ancestral steps: with `x = a x' + b z` from one time to the next, an iteration
 * is `x' ← (x + b² s(x, d))/a + b d'/d · z`. For chains that begin at time 1, as those that
 * `objective.sdeScoreMatching` shows do, and energies of a noise level.
 */
export function reverseSde(options?: ReverseSdeOptions): ReverseSdeSpec {
  return specOf(schema, 'sampler.reverseSde', 'reverseSde', options);
}

const schema: z.ZodType<ReverseSdeSpec> = z.strictObject({
  type: z.literal('reverseSde'),
  steps: integer(1, 100_000).default(300),
  sde: sdeOption,
  domain: noisyDomainField,
});

/** @internal */
export const reverseSdeMethod: SamplerMethod<ReverseSdeSpec, typeof reverseSde, MemorylessSampler> =
  {
    create: reverseSde,
    schema,
    ends: true,
    build({ steps, sde: spec }) {
      const sde = buildSde(spec);
      return {
        steps,
        step(x, model, iteration) {
          const next = ancestralStep(model, x, reverseStep(sde, steps, iteration));
          return unlessThrough(iteration, steps, x, next);
        },
      };
    },
  };

/** An ancestral step of `[n, D]` points (Ho et al. 2020; Song et al. 2021, appendix F). */
export function ancestralStep(
  model: Model,
  x: tf.Tensor2D,
  { from, to }: ReverseStep,
): tf.Tensor2D {
  const a = tf.div(from.mean, to.mean);
  const variance = tf.sub(tf.square(from.deviation), tf.square(tf.mul(a, to.deviation)));
  const mean = tf.div(tf.add(x, tf.mul(scoreAt(model, x, from), variance)), a);
  const share = tf.div(to.deviation, from.deviation);
  const kick = tf.mul(tf.mul(tf.sqrt(variance), share), noise('normal', x.shape));
  return tf.add(mean, kick) as tf.Tensor2D;
}
