/** Networks of residual blocks from images to one number each. */
import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { integer, positive } from '../options/numbers';
import { type Activation, activations } from './activation';
import type { EnergyParameters, ParameterRandom } from './energy-method';
import {
  type BlockOptions,
  block,
  convolved,
  halved,
  initialBlock,
  initialConvolution,
} from './image-blocks';
import { type ImageShape, imageShapeField } from './image-shape';
import { boundedMatrix } from './spectral-norm';

/** Options of energies that are residual networks of images. */
export interface ResidualTrunkOptions {
  /** Height, width and channels of the images that the rows of data are, in this order; each from 1. */
  readonly shape: ImageShape;
  /**
   * Channels of each stage, 1 to 8 of 1 to 4096. Default `[32, 64, 64]`. Each halves height and width after
   * its first block.
   */
  readonly channels?: readonly number[];
  /** Residual blocks of each stage, 1 to 16. Default 2. */
  readonly blocks?: number;
  /**
   * Pixels between the places of the first filters, 1 to 8. Default 1; with 2, all that follows sees a
   * quarter of the pixels and costs a quarter.
   */
  readonly stride?: number;
  /** The nonlinearity. Default `'swish'`: smooth, as a landscape should be. */
  readonly activation?: Activation;
  /**
   * Largest spectral norm of each layer, above 0 to 1000: those of larger ones are scaled down in the
   * energy (a bound that is computed, not estimated; up to three times what it bounds), which bounds the
   * slope of the energy everywhere. Typically 1 to 3. Default `null`: layers as they are.
   */
  readonly spectralNorm?: number | null;
}

/** The schemas of {@link ResidualTrunkOptions}. @internal */
export const residualTrunkFields = {
  shape: imageShapeField,
  channels: z.array(integer(1, 4096)).min(1).max(8).default([32, 64, 64]),
  blocks: integer(1, 16).default(2),
  stride: integer(1, 8).default(1),
  activation: z.enum(Object.keys(activations) as Activation[]).default('swish'),
  spectralNorm: positive.max(1000).nullable().default(null),
};

/** A network from images to one number. @internal */
export interface ResidualTrunk {
  /**
   * `stemFilter` `[3, 3, C, channels[0]]` and `stemBias`; of block b of stage s, from 1, `stage{s}Block{b}` with
   * `FirstFilter` `[3, 3, in, out]`, `FirstBias`, `SecondFilter` `[3, 3, out, out]`, `SecondBias`, where channels
   * change `ShortcutFilter` `[1, 1, in, out]`, and with conditions `Condition` `[conditions, out]`;
   * `outputWeight` `[out, 1]`.
   */
  init(random: ParameterRandom): EnergyParameters;
  /** `[n, 1]` of rows `[n, D]`, and `[n, conditions]` where there are any. */
  apply(parameters: EnergyParameters, x: tf.Tensor2D, condition?: tf.Tensor2D): tf.Tensor2D;
  /** What its slope in x is never larger than, in Euclidean norms, where layers are bounded. */
  readonly lipschitz: number | undefined;
}

/** @internal */
export function residualTrunk(
  {
    shape: [height, width, depth],
    channels,
    blocks,
    stride,
    activation,
    spectralNorm,
  }: Required<ResidualTrunkOptions>,
  conditions = 0,
): ResidualTrunk {
  const options: BlockOptions = { activation, largest: spectralNorm, conditions };
  const { apply, slope } = activations[activation];
  const names = channels.flatMap((outputs, stage) =>
    Array.from({ length: blocks }, (_, index) => ({
      name: `stage${stage + 1}Block${index + 1}`,
      inputs: index > 0 ? outputs : (channels[stage - 1] ?? outputs),
      outputs,
      halves: index === 0,
    })),
  );
  // Sides of the images before each stage, and in the end.
  const sizes = channels.reduce<readonly (readonly number[])[]>(
    (all) => [...all, all.at(-1)!.map((pixels) => Math.ceil(pixels / 2))],
    [[height, width].map((pixels) => Math.ceil(pixels / stride))],
  );
  const places = sizes.at(-1)!.reduce((product, pixels) => product * pixels, 1);
  const last = channels.at(-1)!;
  return {
    init(random) {
      const parts = names.map(({ name, inputs, outputs }) =>
        initialBlock(random, name, inputs, outputs, options),
      );
      return {
        ...initialConvolution(random, 'stem', [3, depth, channels[0]!], 1),
        ...(Object.assign({}, ...parts) as EnergyParameters),
        outputWeight: random.normal([last, 1], { deviation: 1 / Math.sqrt(last * places) }),
      };
    },
    apply(parameters, x, condition) {
      const images = tf.reshape(x, [x.shape[0], height, width, depth]) as tf.Tensor4D;
      let values = convolved(parameters, 'stem', images, spectralNorm, stride);
      for (const { name, halves } of names) {
        const next = block(parameters, name, values, options, condition);
        values = halves ? halved(next) : next;
      }
      // All places alike, as in IGEBM: where a stroke is does not matter for what it is.
      const sums = tf.sum(apply(values), [1, 2]) as tf.Tensor2D;
      const weight = parameters['outputWeight'] as tf.Tensor2D;
      const bounded = spectralNorm === null ? weight : boundedMatrix(weight, spectralNorm);
      return tf.matMul(sums, bounded);
    },
    lipschitz:
      spectralNorm === null
        ? undefined
        : names.reduce(
            (before, { inputs, outputs, halves }, index) => {
              const shortcut = inputs === outputs ? 1 : spectralNorm;
              const ofBlock = shortcut + (slope * spectralNorm) ** 2;
              return before * ofBlock * (halves ? halvingNorm(sizes[index / blocks]!) : 1);
            },
            spectralNorm * slope * Math.sqrt(places) * spectralNorm,
          ),
  };
}

/** How much {@link halved} can stretch an image of these sides: 1/√m, where a mean is of m at least. */
function halvingNorm(sides: readonly number[]): number {
  return 1 / Math.sqrt(sides.reduce((least, pixels) => least * (pixels % 2 === 0 ? 2 : 1), 1));
}
