import type * as z from 'zod';

/**
 * A first-order optimizer, on arrays of the host: the `wasm` backend computes in the host's memory,
 * so tensors would only add the cost of a dozen small operations per parameter.
 *
 * @internal
 */
export interface Optimizer {
  /** Names of the arrays that it keeps for each parameter, all zero at first. */
  readonly state: readonly string[];
  /**
   * Changes `parameter` and `state` in place.
   *
   * @param step number of the update, from 1
   */
  update(
    step: number,
    parameter: Float32Array,
    gradient: Float32Array,
    state: readonly Float32Array[],
  ): void;
}

/** One row of the table of optimizers. @internal */
export interface OptimizerMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  build(spec: Spec): Optimizer;
}
