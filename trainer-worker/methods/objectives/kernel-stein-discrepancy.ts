import * as z from 'zod';
import { positive } from '../options/numbers';
import { specOf } from '../options/validate';
import {
  kernelSteinDiscrepancy as discrepancy,
  medianDistance,
  type SteinKernelName,
  steinKernels,
} from '../parts/stein-kernel';
import type { ObjectiveMethod } from './objective-method';

export interface KernelSteinDiscrepancyOptions {
  /**
   * `'gaussian'`, `exp(-|x - x'|²/(2h²))`, or `'inverseMultiquadric'`, `(1 + |x - x'|²/h²)^(-1/2)`.
   * Default `'inverseMultiquadric'`.
   */
  readonly kernel?: SteinKernelName;
  /** h, in units of the data, above 0 to 1000. Default `null`: the median distance of training rows. */
  readonly bandwidth?: number | null;
}

export interface KernelSteinDiscrepancySpec extends Required<KernelSteinDiscrepancyOptions> {
  readonly type: 'kernelSteinDiscrepancy';
}

/**
 * Kernel Stein discrepancy (Liu, Lee & Jordan 2016): minimises its unbiased estimate over the pairs of
 * each batch, the mean of `s·s' k + s·∇_x' k + s'·∇_x k + tr ∇_x ∇_x' k` with the scores s and s' of two
 * rows x and x', and their kernel k. Costs first derivatives of the energy and grows with the square of
 * the batch; in many dimensions kernels see little.
 */
export function kernelSteinDiscrepancy(
  options?: KernelSteinDiscrepancyOptions,
): KernelSteinDiscrepancySpec {
  return specOf(schema, 'objective.kernelSteinDiscrepancy', 'kernelSteinDiscrepancy', options);
}

const schema: z.ZodType<KernelSteinDiscrepancySpec> = z.strictObject({
  type: z.literal('kernelSteinDiscrepancy'),
  kernel: z.enum(Object.keys(steinKernels) as SteinKernelName[]).default('inverseMultiquadric'),
  bandwidth: positive.max(1000).nullable().default(null),
});

/** @internal */
export const kernelSteinDiscrepancyMethod: ObjectiveMethod<
  KernelSteinDiscrepancySpec,
  typeof kernelSteinDiscrepancy
> = {
  create: kernelSteinDiscrepancy,
  schema,
  build({ kernel, bandwidth }, { rows, bounds }) {
    const width = bandwidth ?? medianDistance(rows, bounds.length);
    return { loss: ({ data, score }) => discrepancy(data, score(data), kernel, width) };
  },
};
