import * as tf from '@tensorflow/tfjs';
import { positive } from '../options/numbers';
import { isOne, lastOf, type OverIterations, overIterationsField, rootOf } from './over-iterations';
import type { Statistics } from './sampler-method';

/** An option of samplers that can run at another temperature than 1. */
export interface TemperatureOption {
  /**
   * T, above 0 to 1 000 000: chains sample `exp(-E/T)`; a list of 2 to 10 000 for equal shares of `steps`;
   * or a schedule over the iterations. Default 1. Where it is not 1, that of the last iteration is recorded.
   */
  readonly temperature?: OverIterations;
}

/** The schema of {@link TemperatureOption}. @internal */
export const temperatureField = overIterationsField(positive.max(1e6), 1);

/** A deviation of noise at a temperature, of that at 1. */
export function hotter(
  deviation: number | tf.Scalar,
  temperature: number | tf.Scalar,
): number | tf.Scalar {
  if (temperature === 1) return deviation;
  const root = rootOf(temperature);
  return typeof deviation === 'number' && typeof root === 'number'
    ? deviation * root
    : (tf.mul(deviation, root) as tf.Scalar);
}

/** `Temperature`, of the last iteration, where it is not 1 throughout; added to what a sampler tells. */
export function temperatureStatistics(
  temperature: OverIterations,
  steps: number,
): { readonly statistics?: () => Statistics } {
  if (isOne(temperature)) return {};
  return { statistics: () => temperatureAtLast(temperature, steps) };
}

/** `Temperature`, of the last iteration. */
export function temperatureAtLast(temperature: OverIterations, steps: number): Statistics {
  const last = lastOf(temperature, steps);
  return { Temperature: typeof last === 'number' ? tf.scalar(last) : last };
}
