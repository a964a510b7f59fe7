import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { OptimizerMethod } from './optimizer-method';

export interface SgdOptions {
  /** Factor on the gradient, above 0 to 1000. Default 1e-2. */
  readonly learningRate?: number;
  /** Share of the last step that is added to the next, 0 to below 1. Default 0. */
  readonly momentum?: number;
}

export interface SgdSpec extends Required<SgdOptions> {
  readonly type: 'sgd';
}

/** Stochastic gradient descent, `v ← momentum · v + gradient`, `θ ← θ − learningRate · v`. */
export function sgd(options?: SgdOptions): SgdSpec {
  return specOf(schema, 'optimizer.sgd', 'sgd', options);
}

const schema: z.ZodType<SgdSpec> = z.strictObject({
  type: z.literal('sgd'),
  learningRate: positive.max(1000).default(1e-2),
  momentum: z.number().min(0).lt(1).default(0),
});

/** @internal */
export const sgdMethod: OptimizerMethod<SgdSpec, typeof sgd> = {
  create: sgd,
  schema,
  build({ learningRate, momentum }) {
    return {
      state: ['velocity'],
      update(_step, parameter, gradient, [velocity]) {
        for (let i = 0; i < parameter.length; i++) {
          const v = momentum * velocity![i]! + gradient[i]!;
          velocity![i] = v;
          parameter[i]! -= learningRate * v;
        }
      },
    };
  },
};
