import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { Tensors } from '../../compiler/trace/compile-program';
import type { CommonSpec } from './common-options';

/** The parameters at one update. */
export interface UpdatedParameter {
  /** Number of the update, from 1; float32 scalar. */
  readonly step: tf.Scalar;
  /** Float32 scalar. */
  readonly learningRate: tf.Scalar;
  /** Its gradient, clipped and with weight decay where that goes into it; of its shape. */
  readonly gradient: tf.Tensor;
  /** The optimizer's tensors for it, by slot. */
  readonly slots: Tensors;
}

/**
 * A first-order optimizer: tfjs code that a compiled step contains, applied to each parameter. What
 * all of them have in common is in `parameter-update.ts`.
 *
 * @internal
 */
export interface Optimizer {
  /** Names of the tensors that it keeps for each parameter, of its shape and all zero at first. */
  readonly slots: readonly string[];
  /** Weight decay acts on the parameter itself, past the gradient's statistics. */
  readonly decoupledWeightDecay: boolean;
  /** What is to be subtracted from the parameter, and the next value of each slot. */
  update(at: UpdatedParameter): { readonly change: tf.Tensor; readonly slots: Tensors };
}

/** One row of the table of optimizers. @internal */
export interface OptimizerMethod<Spec extends CommonSpec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  build(spec: Spec): Optimizer;
}
