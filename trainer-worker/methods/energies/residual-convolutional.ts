import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import type { EnergyMethod } from './energy-method';
import { requireImageRows } from './image-shape';
import { type ResidualTrunkOptions, residualTrunk, residualTrunkFields } from './residual-trunk';

export interface ResidualConvolutionalOptions extends ResidualTrunkOptions {}

export interface ResidualConvolutionalSpec extends Required<ResidualConvolutionalOptions> {
  readonly type: 'residualConvolutional';
}

/**
 * A residual network from an image to its energy, of the shape of IGEBM's (Du & Mordatch 2019,
 * arXiv:1903.08689): a 3 × 3 convolution; stages of residual blocks without normalisation, each of which
 * halves the image by means after its first; the sum over all places; a linear layer. Nothing in it mixes
 * the images of a batch, so that the energy of one is that of one. Blocks begin as their shortcuts.
 *
 * With channels c₁, c₂, …, a block has 9 · c · (c' + c) + 2 · c numbers, of c' channels before it, and c' · c
 * more where channels change.
 */
export function residualConvolutional(
  options: ResidualConvolutionalOptions,
): ResidualConvolutionalSpec {
  return specOf(schema, 'energy.residualConvolutional', 'residualConvolutional', options);
}

const schema: z.ZodType<ResidualConvolutionalSpec> = z.strictObject({
  type: z.literal('residualConvolutional'),
  ...residualTrunkFields,
});

/** @internal */
export const residualConvolutionalMethod: EnergyMethod<
  ResidualConvolutionalSpec,
  typeof residualConvolutional
> = {
  create: residualConvolutional,
  schema,
  image: ({ shape }) => shape,
  build(spec, dimensions) {
    requireImageRows(spec.type, spec.shape, dimensions);
    const { init, apply, lipschitz } = residualTrunk(spec);
    return {
      init,
      ...(lipschitz === undefined ? {} : { lipschitz }),
      energy: (parameters, x) => tf.squeeze(apply(parameters, x), [1]),
    };
  },
};
