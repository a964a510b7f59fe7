import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer } from '../options/numbers';
import { specOf } from '../options/validate';
import { bernoulli, logitsOf } from './bernoulli';
import type { EnergyMethod } from './energy-method';
import { type ImageShape, imageShapeField, requireImageRows } from './image-shape';

export interface ConvolutionalRbmOptions {
  /** Height, width and channels of the images that the rows of data are, in this order; each from 1. */
  readonly shape: ImageShape;
  /** Filters, each with a map of hidden units, 1 to 4096. Default 24. */
  readonly filters?: number;
  /** Pixels per side of every filter, 1 to 63 and no more than the images have. Default 5. */
  readonly filter?: number;
}

export interface ConvolutionalRbmSpec extends Required<ConvolutionalRbmOptions> {
  readonly type: 'convolutionalRbm';
}

/**
 * A convolutional restricted Boltzmann machine on binary images (Lee, Grosse, Ranganath & Ng 2009; without
 * their pooling): a machine of one hidden unit for each filter k and each place p that it fits in, whose
 * weights are the same at all places,
 * `E(v, h) = -Σ a_c v - Σ_k Σ_p h_kp (b_k + (W_k ⋆ v)_p)` with `⋆` the correlation. Its energy is the free
 * energy `F(v) = -Σ a_c v - Σ_k Σ_p softplus(b_k + (W_k ⋆ v)_p)`. Parameters `filter`
 * `[f, f, channels, filters]`, `visible` `[channels]`, `hidden` `[filters]`.
 */
export function convolutionalRbm(options: ConvolutionalRbmOptions): ConvolutionalRbmSpec {
  return specOf(schema, 'energy.convolutionalRbm', 'convolutionalRbm', options);
}

const schema: z.ZodType<ConvolutionalRbmSpec> = z
  .strictObject({
    type: z.literal('convolutionalRbm'),
    shape: imageShapeField,
    filters: integer(1, 4096).default(24),
    filter: integer(1, 63).default(5),
  })
  .refine(({ shape: [height, width], filter }) => filter <= Math.min(height, width), {
    path: ['filter'],
    error: "'filter' is larger than the images.",
    params: { remedy: 'Make it smaller: it has to fit in at one place at least.' },
  });

/** @internal */
export const convolutionalRbmMethod: EnergyMethod<ConvolutionalRbmSpec, typeof convolutionalRbm> = {
  create: convolutionalRbm,
  schema,
  domains: ['binary'],
  sweeps: () => ['binary'],
  image: ({ shape }) => shape,
  build({ shape, filters, filter }, dimensions) {
    requireImageRows('convolutionalRbm', shape, dimensions);
    const [height, width, channels] = shape;
    const places = (height - filter + 1) * (width - filter + 1);
    const image = (x: tf.Tensor2D) =>
      tf.reshape(x, [x.shape[0], height, width, channels]) as tf.Tensor4D;
    /** Logits of the hidden units given the visible ones, `[n, H', W', filters]`. */
    const upwards = (weights: tf.Tensor, bias: tf.Tensor, x: tf.Tensor2D) =>
      tf.add(tf.conv2d(image(x), weights as tf.Tensor4D, 1, 'valid'), bias) as tf.Tensor4D;
    return {
      init: (random) => ({
        // Small, to begin near independent units; of more inputs the smaller.
        filter: random.normal([filter, filter, channels, filters], {
          deviation: 0.1 / filter,
        }),
        visible: tf.zeros([channels]),
        hidden: tf.zeros([filters]),
      }),
      energy({ filter: weights, visible, hidden }, x) {
        const inputs = upwards(weights!, hidden!, x);
        const ofVisible = tf.sum(tf.mul(image(x), visible!), [1, 2, 3]);
        return tf.neg(tf.add(ofVisible, tf.sum(tf.softplus(inputs), [1, 2, 3])));
      },
      // Units of one layer are independent given the other.
      sweep({ filter: weights, visible, hidden }, x) {
        const h = bernoulli(upwards(weights!, hidden!, x)) as tf.Tensor4D;
        const down = tf.conv2dTranspose(
          h,
          weights as tf.Tensor4D,
          [x.shape[0], height, width, channels],
          1,
          'valid',
        );
        return tf.reshape(bernoulli(tf.add(down, visible!)), x.shape) as tf.Tensor2D;
      },
      filters: 'filter',
      // As of a machine without shared weights; the visible units of a channel share a bias.
      path: {
        at: ({ filter: weights, visible, hidden }, share, means) => ({
          filter: tf.mul(weights!, share),
          visible: tf.add(
            tf.mul(baseBias(means, channels), tf.sub(1, share)),
            tf.mul(visible!, share),
          ),
          hidden: tf.mul(hidden!, share),
        }),
        logPartition: (_parameters, means) =>
          tf.add(
            tf.mul(tf.sum(tf.softplus(baseBias(means, channels))), height * width),
            filters * places * Math.LN2,
          ),
      },
    };
  },
};

/**
 * Logits of visible units that are on as often as those of their channel.
 *
 * @param means `[D]`, of the pixels
 * @returns `[channels]`
 */
function baseBias(means: tf.Tensor, channels: number): tf.Tensor {
  return logitsOf(tf.mean(tf.reshape(means, [-1, channels]), 0));
}
