import { rowOf, type SpecOf } from '../options/method-table';
import { adamMethod } from './adam';
import { adamWMethod } from './adam-w';
import { customMethod } from './custom';
import type { OptimizerMethod } from './optimizer-method';
import { rmsPropMethod } from './rms-prop';
import { sgdMethod } from './sgd';

/** Every optimizer: to add one, write its file and name it here. */
export const optimizers = {
  adam: adamMethod,
  adamW: adamWMethod,
  sgd: sgdMethod,
  rmsProp: rmsPropMethod,
  custom: customMethod,
};

/** What any function of `optimizer` makes. */
export type OptimizerSpec = SpecOf<typeof optimizers>;

/** The row of the table that made `spec`. @internal */
export function optimizerMethod(spec: OptimizerSpec): OptimizerMethod<OptimizerSpec, unknown> {
  return rowOf(optimizers, spec.type);
}
