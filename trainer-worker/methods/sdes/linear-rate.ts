import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { positive } from '../options/numbers';

/** How fast the data shrink and noise comes in: `β(t) = first + t · (last - first)`. */
export interface LinearRateOptions {
  /** β at time 0, above 0 to 1000. Default 0.1. */
  readonly first?: number;
  /** β at time 1, above 0 to 1000. Default 20. */
  readonly last?: number;
  /**
   * The smallest time, above 0 to 0.5: the model is trained down to there and shown there. Default
   * 1e-3, where the noise has a deviation of about 0.01.
   */
  readonly end?: number;
}

/** The schemas of {@link LinearRateOptions}. @internal */
export const linearRateFields = {
  first: positive.max(1000).default(0.1),
  last: positive.max(1000).default(20),
  end: z.number().gt(0).max(0.5).default(1e-3),
};

/** β and its integral from 0, as numbers and as tfjs code. */
export function linearRate({ first, last }: Required<LinearRateOptions>) {
  const slope = last - first;
  return {
    at: (t: tf.Tensor) => tf.add(tf.mul(t, slope), first),
    integral: (t: tf.Tensor) => tf.mul(t, tf.add(tf.mul(t, slope / 2), first)),
    integralTo: (t: number) => t * (first + (t * slope) / 2),
  };
}
