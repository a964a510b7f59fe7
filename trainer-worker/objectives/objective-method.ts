import type * as z from 'zod';
import type { Bounds } from '../data/bounds';
import type { Sampler } from '../samplers/sampler-method';
import type { NamedTensor } from '../training/run-observer';

/** What an objective needs to know of the run that it is for. @internal */
interface ObjectiveContext {
  readonly seed: number;
  /** The window that chains which start from noise start in. */
  readonly bounds: Bounds;
  /** What {@link ContrastiveObjective.state} gave when the run was saved, by name. */
  readonly saved?: ReadonlyMap<string, Float32Array>;
}

/**
 * An objective that contrasts data with the ends of Markov chains:
 * `mean E(data) - mean E(sg[samples]) + energyPenalty · (mean E(data)² + mean E(samples)²)`.
 *
 * All points are `[n, D]`, row-major, on the host.
 *
 * @internal
 */
export interface ContrastiveObjective {
  readonly sampler: Sampler;
  readonly energyPenalty: number;
  /** Where the chains of training step `step` start. Changes nothing. */
  startChains(step: number, data: Float32Array): Float32Array;
  /** Keeps where the chains of `step` ended; called when the step turned out to be finite. */
  keepChains(step: number, ends: Float32Array): void;
  /** `count` points that the shown chains start from after `step` steps. */
  shownChains(step: number, count: number): Float32Array;
  /** What a checkpoint must hold beside the parameters. */
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
  build(spec: Spec, context: ObjectiveContext): ContrastiveObjective;
}
