import * as z from 'zod';
import { specOf } from '../options/validate';
import { type AdamOptions, adamFields, adamUpdate } from './adam';
import { commonFields, weightDecayOption } from './common-options';
import type { OptimizerMethod } from './optimizer-method';
import type { ParameterGroupsOptions, ParameterGroupsSpec } from './parameter-groups';

export interface AdamWOptions extends AdamOptions {
  /** λ of `θ ← θ − learningRate · λ · θ`, which all parameters get beside Adam's step. 0 to 10. Default 1e-2. */
  readonly weightDecay?: number;
}

export interface AdamWSpec
  extends Required<Omit<AdamWOptions, keyof ParameterGroupsOptions>>,
    ParameterGroupsSpec {
  readonly type: 'adamW';
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, arXiv:1711.05101): the decay shrinks the
 * parameters themselves and does not enter the means of the gradient.
 */
export function adamW(options?: AdamWOptions): AdamWSpec {
  return specOf(schema, 'optimizer.adamW', 'adamW', options);
}

const schema: z.ZodType<AdamWSpec> = z.strictObject({
  type: z.literal('adamW'),
  ...adamFields,
  ...commonFields,
  weightDecay: weightDecayOption(1e-2),
});

/** @internal */
export const adamWMethod: OptimizerMethod<AdamWSpec, typeof adamW> = {
  create: adamW,
  schema,
  build: (spec) => ({
    slots: ['mean', 'square'],
    decoupledWeightDecay: true,
    update: adamUpdate(spec),
  }),
};
