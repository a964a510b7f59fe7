import * as tf from '@tensorflow/tfjs';
import { noise } from '../graph/trace';
import type { NoiseContext, NoiseDistribution } from './noise-distribution';

/** Uniform in the shown window, which holds all the data. */
export function uniformNoise({ bounds }: NoiseContext): NoiseDistribution {
  const low = bounds.map(([from]) => from);
  const width = bounds.map(([from, to]) => to - from);
  const logDensity = -width.reduce((sum, side) => sum + Math.log(side), 0);
  return {
    sample: (count) =>
      tf.add(tf.mul(noise('uniform', [count, bounds.length]), width), low) as tf.Tensor2D,
    logDensity: (x) => tf.fill([x.shape[0]], logDensity),
  };
}
