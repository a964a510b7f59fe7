import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { type Activation, activations } from './activation';
import type { EnergyMethod } from './energy-method';
import { type ImageShape, imageShapeField, requireImageRows } from './image-shape';

export interface ConvolutionalOptions {
  /** Height, width and channels of the images that the rows of data are, in this order; each from 1. */
  readonly shape: ImageShape;
  /** Channels after each convolution, 1 to 16 of 1 to 4096. Default `[32, 64, 64]`. */
  readonly channels?: readonly number[];
  /** Pixels between the places of every filter, 1 to 8: how much each convolution shrinks the image. Default 2. */
  readonly stride?: number;
  /** Pixels per side of every filter, 1 to 15. Default 3. */
  readonly filter?: number;
  /** The nonlinearity after each convolution. Default `'swish'`: smooth, as a landscape should be. */
  readonly activation?: Activation;
}

export interface ConvolutionalSpec extends Required<ConvolutionalOptions> {
  readonly type: 'convolutional';
}

/** A convolutional network from an image, given as a row of pixels, to one number, its energy. */
export function convolutional(options: ConvolutionalOptions): ConvolutionalSpec {
  return specOf(schema, 'energy.convolutional', 'convolutional', options);
}

const schema: z.ZodType<ConvolutionalSpec> = z.strictObject({
  type: z.literal('convolutional'),
  shape: imageShapeField,
  channels: z.array(integer(1, 4096)).min(1).max(16).default([32, 64, 64]),
  stride: integer(1, 8).default(2),
  filter: integer(1, 15).default(3),
  activation: z.enum(Object.keys(activations) as Activation[]).default('swish'),
});

/** @internal */
export const convolutionalMethod: EnergyMethod<ConvolutionalSpec, typeof convolutional> = {
  create: convolutional,
  schema,
  image: ({ shape }) => shape,
  build({ shape, channels, stride, filter, activation }, dimensions) {
    requireImageRows('convolutional', shape, dimensions);
    const [height, width, depth] = shape;
    const { apply, gain } = activations[activation];
    const depths = [depth, ...channels];
    const shrunk = (length: number) =>
      channels.reduce((pixels) => Math.ceil(pixels / stride), length);
    const features = shrunk(height) * shrunk(width) * depths.at(-1)!;
    return {
      init(random) {
        const parameters: Record<string, tf.Tensor> = {};
        for (const [index, outputs] of channels.entries()) {
          const inputs = depths[index]!;
          const deviation = Math.sqrt(gain / (filter * filter * inputs));
          const filters = [filter, filter, inputs, outputs];
          parameters[`filter${index + 1}`] = random.normal(filters, { deviation });
          parameters[`bias${index + 1}`] = tf.zeros([outputs]);
        }
        const deviation = 1 / Math.sqrt(features);
        return { ...parameters, weight: random.normal([features, 1], { deviation }) };
      },
      energy(parameters, x) {
        let values = tf.reshape(x, [x.shape[0], height, width, depth]) as tf.Tensor4D;
        for (const index of channels.keys()) {
          const filters = parameters[`filter${index + 1}`] as tf.Tensor4D;
          const image = tf.conv2d(values, filters, stride, 'same');
          values = apply(tf.add(image, parameters[`bias${index + 1}`]!)) as tf.Tensor4D;
        }
        const flat = tf.reshape(values, [x.shape[0], features]);
        return tf.squeeze(tf.matMul(flat, parameters['weight']!), [1]);
      },
    };
  },
};
