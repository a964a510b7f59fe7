import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { specOf } from '../options/validate';
import { compose, partsSchema } from './composition';
import type { EnergyMethod } from './energy-method';
import type { EnergySpec } from './index';

export interface MixtureOptions {
  /** The energies that are mixed, 1 to 64. */
  readonly of: readonly EnergySpec[];
}

export interface MixtureSpec extends Required<MixtureOptions> {
  readonly type: 'mixture';
}

/**
 * `E(x) = -log Σ_k exp(-E_k(x))`: low where any of them is low. A part weighs as much as its Z, which
 * a constant in it would change. The parameters of the first are called `part1/…`.
 */
export function mixture(options: MixtureOptions): MixtureSpec {
  return specOf(schema, 'energy.mixture', 'mixture', options);
}

const schema: z.ZodType<MixtureSpec> = z.strictObject({
  type: z.literal('mixture'),
  of: partsSchema,
});

/** @internal */
export const mixtureMethod: EnergyMethod<MixtureSpec, typeof mixture> = {
  create: mixture,
  schema,
  parts: ({ of }) => of,
  build({ of }, _dimensions, part) {
    const { energies, ...rest } = compose(of.map(part), 'energy.mixture');
    return {
      ...rest,
      energy: (...given) => tf.neg(tf.logSumExp(tf.neg(tf.stack(energies(...given), 1)), 1)),
    };
  },
};
