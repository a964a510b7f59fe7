import type * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { MetricInfo } from '../../protocol/run';
import type { Bounds } from '../data/bounds';
import type { Model } from '../energies/model';
import type { Arrays } from '../graph/execution';
import type { TensorSpecs, Tensors } from '../graph/program';
import type { Sampler } from '../samplers/sampler-method';
import type { NamedTensor } from '../training/run-observer';

/** What an objective needs to know of the run that it is for. @internal */
interface ObjectiveContext {
  readonly seed: number;
  /** Rows of data per step. */
  readonly batchSize: number;
  /** The window that chains which start from noise start in. */
  readonly bounds: Bounds;
  /** What {@link Objective.state} gave when the run was saved, by name. */
  readonly saved?: ReadonlyMap<string, Float32Array>;
}

/** What a loss is built from, inside a compiled step. @internal */
export interface LossContext extends Model {
  /** The batch, `[batch, D]`. */
  readonly data: tf.Tensor2D;
  /** What {@link Objective.feed} gives in each step. */
  readonly inputs: Tensors;
  /** `[chains, D]` points moved by the sampler's `steps`; constants for differentiation. */
  chain(sampler: Sampler, starts: tf.Tensor2D): tf.Tensor2D;
  /** A scalar to record in each step. */
  report(metric: MetricInfo, value: tf.Tensor): void;
  /**
   * A quantity that must stay finite. The first one that does not, in the order of these calls, is
   * named to the user, and the step is not applied.
   *
   * @param quantity `The chains`
   * @param remedy what the user may change
   */
  watch(quantity: string, values: tf.Tensor, remedy: string): void;
  /** Values for {@link Objective.keep}. */
  handBack(name: string, values: tf.Tensor): void;
}

/**
 * An objective: a loss inside the compiled step, and around it, on the host, what lives on between
 * steps. A buffer lies on the host because a step needs only some rows of it: a functional update
 * inside the program would copy all of it each time.
 *
 * @internal
 */
export interface Objective {
  /** Inputs of the step beside the data, by name. */
  readonly inputs: TensorSpecs;
  /** Values of {@link inputs} for training step `step`. Changes nothing. */
  feed(step: number): Arrays;
  /** The loss to be minimised, a scalar. Called once, to be traced. */
  loss(context: LossContext): tf.Tensor;
  /** What {@link LossContext.handBack} handed back in `step`; called once the step is accepted. */
  keep(step: number, outputs: Arrays): void;
  /** What moves the shown chains. */
  readonly sampler: Sampler;
  /** `count` points, `[count, D]`, that the shown chains start from after `step` steps. */
  shownChains(step: number, count: number): Float32Array;
  /** What a checkpoint must hold beside parameters and optimizer. */
  state(): readonly NamedTensor[];
}

/** One row of the table of objectives. @internal */
export interface ObjectiveMethod<Spec, Create> {
  /** What an experiment calls. */
  readonly create: Create;
  readonly schema: z.ZodType<Spec>;
  /** How many chains live on between steps; infinite where chains are made anew. */
  persistentChains(spec: Spec): number;
  /** Sampler iterations before each preview, where an experiment does not say. */
  readonly previewChainSteps: number;
  build(spec: Spec, context: ObjectiveContext): Objective;
}
