/** What networks of images are made of, as tfjs code on `[n, height, width, channels]`. */
import * as tf from '@tensorflow/tfjs';
import { type Activation, activations } from './activation';
import type { EnergyParameters, ParameterRandom } from './energy-method';
import { boundedFilter } from './spectral-norm';

/** Pixels per side of the filters of blocks. */
const side = 3;

/** A convolution to `outputs` channels with a bias, of parameters `{name}Filter` and `{name}Bias`. */
export function initialConvolution(
  random: ParameterRandom,
  name: string,
  [size, inputs, outputs]: readonly [size: number, inputs: number, outputs: number],
  gain: number,
): EnergyParameters {
  const shape = [size, size, inputs, outputs];
  const deviation = Math.sqrt(gain / (size * size * inputs));
  return {
    [`${name}Filter`]: gain === 0 ? tf.zeros(shape) : random.normal(shape, { deviation }),
    [`${name}Bias`]: tf.zeros([outputs]),
  };
}

/** @param largest see {@link boundedFilter}; `null`: filters as they are */
export function convolved(
  parameters: EnergyParameters,
  name: string,
  images: tf.Tensor4D,
  largest: number | null,
  stride = 1,
): tf.Tensor4D {
  const given = parameters[`${name}Filter`] as tf.Tensor4D;
  const filter = largest === null ? given : boundedFilter(given, largest);
  const sums = tf.conv2d(images, filter, stride, 'same');
  const bias = parameters[`${name}Bias`];
  return bias ? tf.add(sums, bias) : sums;
}

/** What residual blocks have in common. */
export interface BlockOptions {
  readonly activation: Activation;
  /** Largest norm of each convolution, or `null`. */
  readonly largest: number | null;
  /** Numbers of what the blocks are told beside the images; 0 where nothing. */
  readonly conditions: number;
}

/**
 * The parameters of a residual block from `inputs` to `outputs` channels. It begins as what its shortcut
 * is: the second filter is 0. 9 · outputs · (inputs + outputs) + 2 · outputs numbers, inputs · outputs
 * more where these differ, and conditions · outputs.
 */
export function initialBlock(
  random: ParameterRandom,
  name: string,
  inputs: number,
  outputs: number,
  { activation, conditions }: BlockOptions,
): EnergyParameters {
  const { gain } = activations[activation];
  return {
    ...initialConvolution(random, `${name}First`, [side, inputs, outputs], gain),
    ...(conditions > 0
      ? {
          [`${name}Condition`]: random.normal([conditions, outputs], {
            deviation: 1 / Math.sqrt(conditions),
          }),
        }
      : {}),
    ...initialConvolution(random, `${name}Second`, [side, outputs, outputs], 0),
    ...(inputs === outputs
      ? {}
      : {
          [`${name}ShortcutFilter`]: random.normal([1, 1, inputs, outputs], {
            deviation: 1 / Math.sqrt(inputs),
          }),
        }),
  };
}

/**
 * A residual block without normalisation (He et al., arXiv:1603.05027), `h ← S h + W₂ a(W₁ a(h) + b₁) + b₂`
 * with 3 × 3 convolutions W₁ and W₂, and S the identity, or a 1 × 1 convolution where channels change.
 *
 * @param condition `[n, conditions]`, linear functions of which are added to b₁
 */
export function block(
  parameters: EnergyParameters,
  name: string,
  images: tf.Tensor4D,
  { activation, largest }: BlockOptions,
  condition?: tf.Tensor2D,
): tf.Tensor4D {
  const { apply } = activations[activation];
  const on = (values: tf.Tensor) => apply(values) as tf.Tensor4D;
  let inner = convolved(parameters, `${name}First`, on(images), largest);
  if (condition) {
    const [rows, outputs] = [inner.shape[0], inner.shape[3]];
    const told = tf.matMul(condition, parameters[`${name}Condition`]!);
    inner = tf.add(inner, tf.reshape(told, [rows, 1, 1, outputs]));
  }
  const change = convolved(parameters, `${name}Second`, on(inner), largest);
  const shortcut = `${name}Shortcut`;
  const kept = `${shortcut}Filter` in parameters;
  return tf.add(kept ? convolved(parameters, shortcut, images, largest) : images, change);
}

/** Means of 2 × 2 pixels; of what there is of them at an odd edge. */
export function halved(images: tf.Tensor4D): tf.Tensor4D {
  return tf.avgPool(images, 2, 2, 'same');
}

/** Every pixel four times, cut to this size at the edges. */
export function doubled(
  images: tf.Tensor4D,
  [height, width]: readonly [number, number],
): tf.Tensor4D {
  const [, rows, columns] = images.shape;
  const larger = repeated(images, [2 * rows, 2 * columns]);
  const [count, , , channels] = larger.shape;
  return tf.slice(larger, [0, 0, 0, 0], [count, height, width, channels]);
}

/** Images with every pixel repeated to fill a finer grid, whose sides are multiples of theirs. */
export function repeated(
  images: tf.Tensor4D,
  [height, width]: readonly [number, number],
): tf.Tensor4D {
  const [count, fromHeight, fromWidth, channels] = images.shape;
  const down = height / fromHeight;
  const across = width / fromWidth;
  const wide = tf.tile(tf.reshape(images, [count * fromHeight, fromWidth, 1, channels]), [
    1,
    1,
    across,
    1,
  ]);
  const tall = tf.tile(tf.reshape(wide, [count * fromHeight, 1, width * channels]), [1, down, 1]);
  return tf.reshape(tall, [count, height, width, channels]);
}
