import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer, positive } from '../options/numbers';
import { specOf } from '../options/validate';
import { type Activation, activations } from './activation';
import type { EnergyMethod, EnergyParameters } from './energy-method';
import {
  type BlockOptions,
  block,
  convolved,
  doubled,
  halved,
  initialBlock,
  initialConvolution,
} from './image-blocks';
import { type ImageShape, imageShapeField, requireImageRows } from './image-shape';
import { type ConditionedNetwork, conditionedNetwork, levelCondition } from './noise-level';
import { energyOfField } from './score-network';

export interface ScoreUNetOptions {
  /** Height, width and channels of the images that the rows of data are, in this order; each from 1. */
  readonly shape: ImageShape;
  /**
   * Channels at each size of the images, from the finest, 1 to 8 of 1 to 4096. Default `[32, 64]`. Between
   * two of them height and width are halved.
   */
  readonly channels?: readonly number[];
  /** Residual blocks at each size on the way down, and on the way up, 1 to 16. Default 1. */
  readonly blocks?: number;
  /** The nonlinearity. Default `'swish'`. */
  readonly activation?: Activation;
  /** s, the standard deviation of the pixels, above 0 to 1000. Default 1, right for standardised data. */
  readonly dataDeviation?: number;
  /** Points of the Gauss–Legendre rule for the shown energy, 1 to 64. Default 16. */
  readonly nodes?: number;
}

export interface ScoreUNetSpec extends Required<ScoreUNetOptions> {
  readonly type: 'scoreUNet';
}

/**
 * A vector field s(x, σ) in place of an energy of images, `s = -x/(σ² + s²) + s/(σ √(σ² + s²)) · F(x/√(σ² +
 * s²), log σ)` as `energy.scoreNetwork`, where F is a U-Net (Ronneberger et al. 2015, arXiv:1505.04597; Ho
 * et al. 2020, arXiv:2006.11239): residual blocks from the finest size down to the coarsest and up again,
 * each size on the way up beside what was there on the way down. Every block adds a linear function of 64
 * features of log σ. F begins as 0: the field of Gaussian data.
 *
 * Its energy is shown and measured as that of `energy.scoreNetwork` is, along straight lines.
 */
export function scoreUNet(options: ScoreUNetOptions): ScoreUNetSpec {
  return specOf(schema, 'energy.scoreUNet', 'scoreUNet', options);
}

const schema: z.ZodType<ScoreUNetSpec> = z.strictObject({
  type: z.literal('scoreUNet'),
  shape: imageShapeField,
  channels: z.array(integer(1, 4096)).min(1).max(8).default([32, 64]),
  blocks: integer(1, 16).default(1),
  activation: z.enum(Object.keys(activations) as Activation[]).default('swish'),
  dataDeviation: positive.max(1000).default(1),
  nodes: integer(1, 64).default(16),
});

/** @internal */
export const scoreUNetMethod: EnergyMethod<ScoreUNetSpec, typeof scoreUNet> = {
  create: scoreUNet,
  schema,
  domains: ['real'],
  image: ({ shape }) => shape,
  build(spec, dimensions) {
    requireImageRows(spec.type, spec.shape, dimensions);
    return energyOfField(conditionedNetwork(uNet(spec), spec.dataDeviation), spec.nodes);
  },
};

/**
 * F: parameters of the first convolution `stem`, of blocks `down{i}Block{b}` and, of as many channels as come
 * from below and from the side together, `up{i}Block{b}`, i from 1 at the finest size, and of the last
 * convolution `output`, which is 0 at first.
 */
function uNet({
  shape: [height, width, depth],
  channels,
  blocks,
  activation,
}: ScoreUNetSpec): ConditionedNetwork {
  const options: BlockOptions = { activation, largest: null, conditions: levelCondition.size };
  const { apply } = activations[activation];
  const [finest] = channels as readonly [number, ...number[]];
  const blocksOf = (way: 'down' | 'up', size: number, inputs: number) =>
    Array.from({ length: blocks }, (_, index) => ({
      name: `${way}${size + 1}Block${index + 1}`,
      inputs: index === 0 ? inputs : channels[size]!,
      outputs: channels[size]!,
    }));
  const down = channels.map((outputs, size) =>
    blocksOf('down', size, size === 0 ? outputs : channels[size - 1]!),
  );
  // What comes from below has the channels of there.
  const up = channels
    .slice(0, -1)
    .map((own, size) => blocksOf('up', size, own + channels[size + 1]!));
  return {
    init: (random) => ({
      ...initialConvolution(random, 'stem', [3, depth, finest], 1),
      ...(Object.assign(
        {},
        ...[...down, ...up]
          .flat()
          .map(({ name, inputs, outputs }) => initialBlock(random, name, inputs, outputs, options)),
      ) as EnergyParameters),
      ...initialConvolution(random, 'output', [3, finest, depth], 0),
    }),
    apply(parameters, x, condition) {
      const through = (list: (typeof down)[number], images: tf.Tensor4D) =>
        list.reduce((at, { name }) => block(parameters, name, at, options, condition), images);
      const images = tf.reshape(x, [x.shape[0], height, width, depth]) as tf.Tensor4D;
      let values = convolved(parameters, 'stem', images, null);
      const kept: tf.Tensor4D[] = [];
      for (const [size, list] of down.entries()) {
        values = through(list, size === 0 ? values : halved(values));
        kept.push(values);
      }
      for (const [index, list] of [...up.entries()].reverse()) {
        const side = kept[index]!;
        const [, rows, columns] = side.shape;
        values = through(list, tf.concat([doubled(values, [rows, columns]), side], 3));
      }
      const field = convolved(parameters, 'output', apply(values) as tf.Tensor4D, null);
      return tf.reshape(field, [x.shape[0], height * width * depth]) as tf.Tensor2D;
    },
  };
}
