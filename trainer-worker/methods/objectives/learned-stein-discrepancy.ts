import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { stopGradient } from '../../compiler/trace/trace';
import { type DenseOptions, dense, denseFields } from '../energies/dense';
import { underPrefix, withPrefix } from '../energies/parameter-prefix';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { randomDirections } from './directions';
import type { ObjectiveMethod } from './objective-method';
import { squaredNorm } from './projected-curvature';

export interface LearnedSteinDiscrepancyOptions extends DenseOptions {
  /** λ in `λ mean |f|²`, which bounds the critic, above 0 to 1000. Default 0.5. */
  readonly criticPenalty?: number;
  /**
   * Steps of the critic for each of the model, 1 to 1000. Default 5: the model and its optimizer's
   * schedule take every fifth training step, the critic takes all.
   */
  readonly criticSteps?: number;
}

export interface LearnedSteinDiscrepancySpec extends Required<LearnedSteinDiscrepancyOptions> {
  readonly type: 'learnedSteinDiscrepancy';
}

/**
 * Learned Stein discrepancy (Grathwohl et al. 2020, arXiv:2002.05616): a critic f, a multi-layer
 * perceptron, is trained to maximise `mean (s·f + tr ∂f/∂x) - λ mean |f|²` over the data, and the model
 * to minimise it; the trace is Hutchinson's estimate. At the best critic, `(s - s_data)/(2λ)`, the
 * discrepancy is the Fisher divergence over 2λ. Needs no second derivative of the energy in x.
 */
export function learnedSteinDiscrepancy(
  options?: LearnedSteinDiscrepancyOptions,
): LearnedSteinDiscrepancySpec {
  return specOf(schema, 'objective.learnedSteinDiscrepancy', 'learnedSteinDiscrepancy', options);
}

const schema: z.ZodType<LearnedSteinDiscrepancySpec> = z.strictObject({
  type: z.literal('learnedSteinDiscrepancy'),
  ...denseFields,
  criticPenalty: positive.max(1000).default(0.5),
  criticSteps: integer(1, 1000).default(5),
});

/** @internal */
export const learnedSteinDiscrepancyMethod: ObjectiveMethod<
  LearnedSteinDiscrepancySpec,
  typeof learnedSteinDiscrepancy
> = {
  create: learnedSteinDiscrepancy,
  schema,
  modelEvery: ({ criticSteps }) => criticSteps,
  build(spec, { bounds }) {
    const dimensions = bounds.length;
    const critic = dense(spec, dimensions, dimensions, true);
    return {
      init: (random) => withPrefix(criticPrefix, critic.init(random)),
      loss({ data, score, fixed, own, report }) {
        const parameters = underPrefix(criticPrefix, own);
        const f = (at: tf.Tensor) => critic.apply(parameters, at);
        const direction = stopGradient(f(data));
        const v = randomDirections('rademacher', data.shape[0], dimensions);
        // vᵀ (∂f/∂x) v = v · ∂(v·f)/∂x
        const projected = tf.grad((at: tf.Tensor) => tf.sum(tf.mul(v, f(at))))(data);
        const trace = tf.sum(tf.mul(v, projected), 1);
        const criticValues = f(data);
        const ofFixed = tf.sum(tf.mul(stopGradient(fixed.score(data)), criticValues), 1);
        const stein = tf.mean(tf.add(ofFixed, trace));
        const penalty = tf.mul(tf.mean(squaredNorm(criticValues)), spec.criticPenalty);
        const discrepancy = tf.sub(stein, penalty);
        report(
          { name: 'stein', label: 'Stein discrepancy', group: 'Stein discrepancy' },
          discrepancy,
        );
        const ofModel = tf.mean(tf.sum(tf.mul(score(data), direction), 1));
        return tf.sub(ofModel, discrepancy);
      },
    };
  },
};

const criticPrefix = 'critic/';
