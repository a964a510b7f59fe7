import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { compose, partsSchema } from './composition';
import type { EnergyMethod } from './energy-method';
import type { EnergySpec } from './index';

export interface ProductOptions {
  /** The energies that are added, 1 to 64. */
  readonly of: readonly EnergySpec[];
  /** What each is multiplied by, −1000 to 1000. Default: 1; −1 takes an energy away. */
  readonly factors?: readonly number[] | null;
}

export interface ProductSpec extends Required<ProductOptions> {
  readonly type: 'product';
}

/**
 * A product of experts (Hinton 2002): `E(x) = Σ_k c_k E_k(x)`, so that its density is the product of
 * theirs, each to the power c_k. The parameters of the first are called `part1/…`.
 */
export function product(options: ProductOptions): ProductSpec {
  return specOf(schema, 'energy.product', 'product', options);
}

const schema: z.ZodType<ProductSpec> = z
  .strictObject({
    type: z.literal('product'),
    of: partsSchema,
    factors: z.array(z.number().min(-1000).max(1000)).nullable().default(null),
  })
  .refine(({ of, factors }) => factors === null || factors.length === of.length, {
    path: ['factors'],
    error: "'factors' are not as many as the energies.",
    params: { remedy: 'Give one factor per energy, or leave factors out.' },
  });

/** @internal */
export const productMethod: EnergyMethod<ProductSpec, typeof product> = {
  create: product,
  schema,
  parts: ({ of }) => of,
  build({ of, factors }, _dimensions, part) {
    const { energies, ...rest } = compose(of.map(part), 'energy.product');
    return {
      ...rest,
      energy: (...given) =>
        tf.addN(energies(...given).map((values, k) => tf.mul(values, factors?.[k] ?? 1))),
    };
  },
};
