import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { EnergyMethod } from './energy-method';
import { requireImageRows } from './image-shape';
import { energyOfLevels } from './noise-conditional';
import { conditionedNetwork, levelCondition } from './noise-level';
import { type ResidualTrunkOptions, residualTrunk, residualTrunkFields } from './residual-trunk';

export interface NoiseConditionalConvolutionalOptions extends ResidualTrunkOptions {
  /** s, the standard deviation of the pixels, above 0 to 1000. Default 1, right for standardised data. */
  readonly dataDeviation?: number;
}

export interface NoiseConditionalConvolutionalSpec
  extends Required<NoiseConditionalConvolutionalOptions> {
  readonly type: 'noiseConditionalConvolutional';
}

/**
 * An energy of images with Gaussian noise of any level σ added, for objectives that train at many:
 * `E(x, σ) = |x|²/(2(σ² + s²)) + s/σ · G(x/√(σ² + s²), log σ)`, as `energy.noiseConditional`, where G is the
 * network of `energy.residualConvolutional`. Each of its blocks adds a linear function of 64 features of
 * log σ to what its first convolution gives.
 */
export function noiseConditionalConvolutional(
  options: NoiseConditionalConvolutionalOptions,
): NoiseConditionalConvolutionalSpec {
  return specOf(
    schema,
    'energy.noiseConditionalConvolutional',
    'noiseConditionalConvolutional',
    options,
  );
}

const schema: z.ZodType<NoiseConditionalConvolutionalSpec> = z.strictObject({
  type: z.literal('noiseConditionalConvolutional'),
  ...residualTrunkFields,
  dataDeviation: positive.max(1000).default(1),
});

/** @internal */
export const noiseConditionalConvolutionalMethod: EnergyMethod<
  NoiseConditionalConvolutionalSpec,
  typeof noiseConditionalConvolutional
> = {
  create: noiseConditionalConvolutional,
  schema,
  domains: ['real'],
  image: ({ shape }) => shape,
  build(spec, dimensions) {
    requireImageRows(spec.type, spec.shape, dimensions);
    const trunk = residualTrunk(spec, levelCondition.size);
    return energyOfLevels(conditionedNetwork(trunk, spec.dataDeviation));
  },
};
