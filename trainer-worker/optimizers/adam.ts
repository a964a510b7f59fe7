import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import type { OptimizerMethod } from './optimizer-method';

export interface AdamOptions {
  /** Size of a step, above 0 to 10. Default 1e-3. */
  readonly learningRate?: number;
  /** Memory of the mean of the gradient, 0 to below 1. Default 0.9. */
  readonly beta1?: number;
  /** Memory of the mean of its square, 0 to below 1. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of that mean, above 0. Default 1e-8. */
  readonly epsilon?: number;
}

export interface AdamSpec extends Required<AdamOptions> {
  readonly type: 'adam';
}

/** Adam (Kingma & Ba, arXiv:1412.6980), with bias correction. */
export function adam(options?: AdamOptions): AdamSpec {
  return specOf(schema, 'optimizer.adam', 'adam', options);
}

const beta = z.number().min(0).lt(1);

const schema: z.ZodType<AdamSpec> = z.strictObject({
  type: z.literal('adam'),
  learningRate: positive.max(10).default(1e-3),
  beta1: beta.default(0.9),
  beta2: beta.default(0.999),
  epsilon: positive.max(1).default(1e-8),
});

/** @internal */
export const adamMethod: OptimizerMethod<AdamSpec, typeof adam> = {
  create: adam,
  schema,
  build({ learningRate, beta1, beta2, epsilon }) {
    return {
      state: ['mean', 'square'],
      update(step, parameter, gradient, [mean, square]) {
        const meanScale = 1 / (1 - beta1 ** step);
        const squareScale = 1 / (1 - beta2 ** step);
        for (let i = 0; i < parameter.length; i++) {
          const slope = gradient[i]!;
          const m = beta1 * mean![i]! + (1 - beta1) * slope;
          const v = beta2 * square![i]! + (1 - beta2) * slope * slope;
          mean![i] = m;
          square![i] = v;
          parameter[i]! -= (learningRate * m * meanScale) / (Math.sqrt(v * squareScale) + epsilon);
        }
      },
    };
  },
};
