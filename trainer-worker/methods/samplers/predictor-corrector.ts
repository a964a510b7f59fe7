import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { loop, noise } from '../../compiler/trace/trace';
import type { Model } from '../energies/model';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { buildSde, type SdeSpec, sdeOption } from '../sdes';
import { ancestralStep } from './reverse-sde';
import { type Moment, reverseStep, scoreAt, unlessThrough } from './reverse-time';
import type { MemorylessSampler, SamplerMethod } from './sampler-method';
import { noisyDomainField } from './walls';

export interface PredictorCorrectorOptions {
  /** Iterations in all, from time 1 to the end, 1 to 100 000. Default 200. */
  readonly steps?: number;
  /** How noise grows with time: as in the objective. Default `sde.varianceExploding()`. */
  readonly sde?: SdeSpec;
  /** Langevin steps after each step in time, 1 to 1000. Default 1. */
  readonly corrections?: number;
  /**
   * r, how large the drift of a Langevin step is beside its noise, above 0 to 1. Default 0.16: ε in
   * `x ← x + ε²/2 · s + ε · z` is `2 r |z|/|s|`.
   */
  readonly signalToNoise?: number;
}

export interface PredictorCorrectorSpec extends Required<PredictorCorrectorOptions> {
  readonly type: 'predictorCorrector';
}

/**
 * Predictor–corrector sampling (Song et al. 2021, arXiv:2011.13456, algorithms 2 and 3): each step
 * backwards in time, as `sampler.reverseSde` makes it, is followed by Langevin dynamics at the time
 * that it leads to, `x ← x + ε²/2 · s + ε · z`, which takes back what the step did wrong.
 */
export function predictorCorrector(options?: PredictorCorrectorOptions): PredictorCorrectorSpec {
  return specOf(schema, 'sampler.predictorCorrector', 'predictorCorrector', options);
}

const schema: z.ZodType<PredictorCorrectorSpec> = z.strictObject({
  type: z.literal('predictorCorrector'),
  steps: integer(1, 100_000).default(200),
  sde: sdeOption,
  corrections: integer(1, 1000).default(1),
  signalToNoise: positive.max(1).default(0.16),
  domain: noisyDomainField,
});

/** @internal */
export const predictorCorrectorMethod: SamplerMethod<
  PredictorCorrectorSpec,
  typeof predictorCorrector,
  MemorylessSampler
> = {
  create: predictorCorrector,
  schema,
  ends: true,
  build({ steps, sde: spec, corrections, signalToNoise }) {
    const sde = buildSde(spec);
    return {
      steps,
      step(x, model, iteration) {
        const times = reverseStep(sde, steps, iteration);
        const predicted = ancestralStep(model, x, times);
        const [corrected] = loop(corrections, [predicted], (_, [at]) => [
          correct(model, at as tf.Tensor2D, times.to, signalToNoise),
        ]);
        return unlessThrough(iteration, steps, x, corrected!);
      },
    };
  },
};

function correct(model: Model, x: tf.Tensor2D, at: Moment, ratio: number): tf.Tensor2D {
  const score = scoreAt(model, x, at);
  const z = noise('normal', x.shape);
  const length = (values: tf.Tensor) => tf.mean(tf.sqrt(tf.sum(tf.square(values), 1)));
  // Scores that vanish everywhere move nothing; they must not divide by zero either.
  const step = tf.mul(tf.div(length(z), tf.maximum(length(score), smallest)), 2 * ratio);
  const drift = tf.mul(score, tf.mul(tf.square(step), 0.5));
  return tf.add(x, tf.add(drift, tf.mul(z, step))) as tf.Tensor2D;
}

const smallest = 1e-12;
