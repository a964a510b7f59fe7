import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { noise } from '../../compiler/trace/trace';
import { integer, notNegative, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { ObjectiveMethod } from './objective-method';

export interface EnergyDiscrepancyOptions {
  /** √t, the standard deviation of each of both perturbations, in units of the data; above 0 to 1000. Default 0.5. */
  readonly sigma?: number;
  /** M: contrasting points for each row, 1 to 10 000. Default 16. */
  readonly samples?: number;
  /** w, which keeps the logarithm from following single points, 0 to 1000. Default 1. */
  readonly stabilization?: number;
}

export interface EnergyDiscrepancySpec extends Required<EnergyDiscrepancyOptions> {
  readonly type: 'energyDiscrepancy';
}

/**
 * Energy discrepancy (Schröder et al. 2023, arXiv:2307.06431): each row is perturbed and perturbed
 * again, M times, and its energy is set against those of the results:
 * `mean log (w/M + 1/M Σ_j exp(E(x) - E(x + √t ξ + √t ξ'_j)))`.
 *
 * Neither Markov chains nor derivatives in x. Small t is like score matching, large t like maximum
 * likelihood.
 */
export function energyDiscrepancy(options?: EnergyDiscrepancyOptions): EnergyDiscrepancySpec {
  return specOf(schema, 'objective.energyDiscrepancy', 'energyDiscrepancy', options);
}

const schema: z.ZodType<EnergyDiscrepancySpec> = z.strictObject({
  type: z.literal('energyDiscrepancy'),
  sigma: positive.max(1000).default(0.5),
  samples: integer(1, 10_000).default(16),
  stabilization: notNegative.max(1000).default(1),
});

/** @internal */
export const energyDiscrepancyMethod: ObjectiveMethod<
  EnergyDiscrepancySpec,
  typeof energyDiscrepancy
> = {
  create: energyDiscrepancy,
  schema,
  build: ({ sigma, samples, stabilization }) => ({
    loss({ data, energy }) {
      const [count, dimensions] = data.shape;
      const perturbed = tf.add(data, tf.mul(noise('normal', data.shape), sigma));
      const contrasting = tf.add(
        tf.expandDims(perturbed, 1),
        tf.mul(noise('normal', [count, samples, dimensions]), sigma),
      );
      const points = tf.concat([data, tf.reshape(contrasting, [-1, dimensions])]) as tf.Tensor2D;
      const [ofData, ofOthers] = tf.split(energy(points), [count, count * samples]);
      const contrasts = tf.sub(tf.expandDims(ofData!, 1), tf.reshape(ofOthers!, [count, samples]));
      const all =
        stabilization === 0
          ? contrasts
          : tf.concat([contrasts, tf.fill([count, 1], Math.log(stabilization))], 1);
      return tf.sub(tf.mean(tf.logSumExp(all, 1)), Math.log(samples));
    },
  }),
};
