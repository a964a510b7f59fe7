import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { formatShape } from '../../compiler/graph/shape';
import { OptionError } from '../options/option-error';
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

const isFunction = (value: unknown) => typeof value === 'function';

/** The schema of a log-density of the user's own. @internal */
export const logDensityOption = z.custom<CustomNoiseOptions['logDensity']>(isFunction, {
  error: "'logDensity' is not a function.",
  params: { remedy: 'Write logDensity: (x) => … with a result of shape [n] for x of [n, D].' },
});

const schema: z.ZodType<CustomNoiseSpec> = z.strictObject({
  type: z.literal('custom'),
  sample: z.custom<CustomNoiseOptions['sample']>(isFunction, {
    error: "'sample' is not a function.",
    params: { remedy: 'Write sample: (count) => … with a result of shape [count, D].' },
  }),
  logDensity: logDensityOption,
});

/** @internal */
export const customMethod: NoiseMethod<CustomNoiseSpec, typeof custom> = {
  create: custom,
  schema,
  domains: () => ['real', 'nonnegative', 'binary'],
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
  name: string,
  call: () => unknown,
  shape: readonly number[],
): tf.Tensor {
  let made: unknown;
  try {
    made = call();
  } catch (cause) {
    if (cause instanceof ProblemError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(
      `${where}: ${name} throws: ${message.replace(/\.?$/, '.')}`,
      `Correct ${name} of the noise.`,
      ['noise', name],
      { cause },
    );
  }
  const wanted = `a float32 tensor of shape ${formatShape(shape)}`;
  const found =
    made instanceof tf.Tensor
      ? `${made.dtype} of shape ${formatShape(made.shape)}`
      : made instanceof Promise
        ? 'a promise'
        : 'something that is no tensor';
  if (made instanceof Promise) made.catch(() => undefined);
  if (
    made instanceof tf.Tensor &&
    made.dtype === 'float32' &&
    String(made.shape) === String(shape)
  ) {
    return made;
  }
  throw new OptionError(
    `${where}: ${name} returned ${found}; it must be ${wanted}.`,
    name === 'sample'
      ? 'Return one row for each of count draws, with as many numbers as a row of the data.'
      : 'Return one number for each point, for example with tf.sum(values, 1).',
    ['noise', name],
  );
}
