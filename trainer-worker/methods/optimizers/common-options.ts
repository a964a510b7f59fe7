import * as z from 'zod';
import { familySchema } from '../options/method-table';
import { notNegative, positive } from '../options/numbers';
import { type ScheduleSpec, schedules } from '../schedules';
import {
  type ParameterGroupsOptions,
  type ParameterGroupsSpec,
  parameterGroupsFields,
} from './parameter-groups';

/** Options that every optimizer has, beside its learning rate. */
export interface CommonOptions extends ParameterGroupsOptions {
  /**
   * Largest size of each element of the gradient, above 0; larger ones are cut to it. Default `null`:
   * no limit.
   */
  readonly clipValue?: number | null;
  /**
   * Largest Euclidean norm of the gradient of all parameters together, above 0; a longer one is
   * shortened to it (Pascanu et al., arXiv:1211.5063). After `clipValue`. Default `null`: no limit.
   */
  readonly clipNorm?: number | null;
  /** λ of the penalty λ/2 · ‖θ‖² on all parameters: λθ is added to the clipped gradient. 0 to 10. Default 0. */
  readonly weightDecay?: number;
  /**
   * Decay of a moving average of the parameters, 0 to below 1, typically 0.999 to 0.9999 (Polyak &
   * Juditsky 1992). Previews show the averaged model; training goes on with the parameters as they
   * are. The decay of update t is at most (1 + t)/(10 + t), so that the average soon forgets the
   * initial values. Default `null`: none.
   */
  readonly average?: number | null;
}

/** Common options with their defaults filled in. @internal */
export interface CommonSpec
  extends Required<Omit<CommonOptions, keyof ParameterGroupsOptions>>,
    ParameterGroupsSpec {
  readonly learningRate: number | ScheduleSpec;
}

/** The schema of a weight decay with a default. @internal */
export const weightDecayOption = (standard: number) => notNegative.max(10).default(standard);

/** The share of the past in a moving average. @internal */
export const memory = z.number().min(0).lt(1);

/** The schemas of {@link CommonOptions}. @internal */
export const commonFields = {
  clipValue: positive.nullable().default(null),
  clipNorm: positive.nullable().default(null),
  weightDecay: weightDecayOption(0),
  average: memory.nullable().default(null),
  ...parameterGroupsFields,
};

/** The schema of a learning rate: a number, or how it changes over the run. @internal */
export function learningRateOption(standard: number, largest: number) {
  const schedule: z.ZodType<ScheduleSpec> = familySchema('schedule', schedules);
  return z.union([positive.max(largest), schedule]).default(standard);
}
