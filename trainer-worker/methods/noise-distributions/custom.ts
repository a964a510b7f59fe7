import type * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { callOwn, functionSchema, requireTensor } from '../options/own-function';
import { specOf } from '../options/validate';
import type { NoiseMethod } from './noise-distribution';

export interface CustomNoiseOptions {
  /**
   * `[count, D]` draws, from `tf.randomNormal`, `tf.randomUniform` and their kin: fresh ones in each
   * step, by the run's seed. Built from tfjs operations only.
   *
   * @example
   * sample: (count) => tf.mul(tf.randomNormal([count, 2]), 1.5)
   */
  readonly sample: (count: number) => tf.Tensor;
  /**
   * Log-densities in nats of `[n, D]` points, `[n]`: with all constants, and finite at every row of
   * the data and at every draw. Built from tfjs operations only.
   */
  readonly logDensity: (x: tf.Tensor2D) => tf.Tensor;
}

export interface CustomNoiseSpec extends CustomNoiseOptions {
  readonly type: 'custom';
}

/** Noise of your own: how it is drawn, and its log-density, as plain functions of tfjs tensors. */
export function custom(options: CustomNoiseOptions): CustomNoiseSpec {
  return specOf(schema, 'noise.custom', 'custom', options);
}

/** The schema of a log-density of the user's own. @internal */
export const logDensityOption = functionSchema<CustomNoiseOptions['logDensity']>(
  'logDensity',
  'logDensity: (x) => … with a result of shape [n] for x of [n, D]',
);

const schema: z.ZodType<CustomNoiseSpec> = z.strictObject({
  type: z.literal('custom'),
  sample: functionSchema<CustomNoiseOptions['sample']>(
    'sample',
    'sample: (count) => … with a result of shape [count, D]',
  ),
  logDensity: logDensityOption,
});

/** @internal */
export const customMethod: NoiseMethod<CustomNoiseSpec, typeof custom> = {
  create: custom,
  schema,
  domains: () => ['real', 'nonnegative', 'binary', 'categorical'],
  build({ sample, logDensity }, { bounds }) {
    return {
      mayVanish: true,
      sample: (count) =>
        checked('noise.custom', 'sample', () => sample(count), [
          count,
          bounds.length,
        ]) as tf.Tensor2D,
      logDensity: ownLogDensity('noise.custom', logDensity),
    };
  },
};

/**
 * A log-density of the user's own that is held to its shape.
 *
 * @param where what the user called
 * @internal
 */
export function ownLogDensity(where: string, logDensity: CustomNoiseOptions['logDensity']) {
  return (x: tf.Tensor2D) =>
    checked(where, 'logDensity', () => logDensity(x), [x.shape[0]]) as tf.Tensor1D;
}

/** @throws OptionError for what the function `name` throws, or returns of another shape or type */
function checked(
  where: string,
  name: 'sample' | 'logDensity',
  call: () => unknown,
  shape: readonly number[],
): tf.Tensor {
  const own = { where, name, path: ['noise', name] };
  return requireTensor(
    own,
    callOwn(own, call),
    shape,
    name === 'sample'
      ? 'Return one row for each of count draws, with as many numbers as a row of the data.'
      : 'Return one number for each point, for example with tf.sum(values, 1).',
  );
}
