import type { Rows } from '../../methods/data/rows';
import type { Annealing, ChainRecord } from '../../methods/diagnostics/diagnostic';
import type { Checkpoint } from './run-observer';
import type { ChainStops } from './shown-chains';

/** What one step measured: metric name → value. */
export type StepMetrics = Readonly<Record<string, number>>;

/**
 * One training step, ready to run: the seam between the loop and whatever executes the mathematics.
 *
 * A step whose result is not finite must leave the parameters, the optimizer and the buffer as they
 * were and throw a `ProblemError` of kind `training` that names the first quantity that went wrong.
 */
export interface TrainingStep {
  /** Runs step number `step` (counting from 1) and updates the parameters. */
  run(step: number): Promise<StepMetrics>;
  /**
   * `[count, D]` samples of the model as the objective's own chains have them.
   *
   * @param stops asked with the iterations of the chains; who is to hear on the way where they are
   */
  sample(stops?: (iterations: number) => ChainStops): Promise<Float32Array>;
  /** `[count]` training steps since the chain of each of these samples began, where they live on. */
  chainAges(): Float32Array | undefined;
  /** Energies of `[n, D]` points; length n. */
  energy(points: Rows): Promise<Float32Array>;
  /** Scores of `[n, D]` points, `[n, D]`; what it takes is compiled at the first call. */
  score(points: Float32Array): Promise<Float32Array>;
  /**
   * Log-densities of `[n, D]` points under the probability flow, `[n]`, for objectives that have one;
   * what it takes is compiled at the first call.
   */
  flowLogDensity(points: Float32Array): Promise<Float32Array>;
  /**
   * Energies of `[n, D]` points of each class, `[n, classes]`, for energies of a label that say how many
   * there are; what it takes is compiled at the first call.
   */
  classEnergies(points: Rows): Promise<Float32Array>;
  /** log Z where the energy knows it exactly, else `undefined`. */
  logPartition(): Promise<number | undefined>;
  /**
   * Chains that anneal from independent numbers to the model, and from samples of it the other way, for
   * energies that have a path there; `undefined` for others.
   *
   * @param samples `[n, D]`, of the model
   */
  anneal(samples: Float32Array): Promise<Annealing | undefined>;
  /**
   * Moves the first of the `[n, D]` shown chains on and gives what they pass; what it takes is compiled
   * at the first call.
   */
  record(samples: Float32Array): Promise<ChainRecord>;
  /**
   * The parameters as they are looked at: averaged, where the optimizer averages. Under the names that
   * checkpoints have; valid until the next step.
   */
  parameters(): Promise<Readonly<Record<string, Float32Array>>>;
  /** All that it takes to go on from here. */
  checkpoint(step: number): Promise<Checkpoint>;
  /**
   * Goes back to what {@link checkpoint} gave.
   *
   * @param factor on the learning rate, beside those of earlier calls
   */
  restore(checkpoint: Checkpoint, factor: number): void;
  /** Frees what the backend holds. */
  dispose(): Promise<void>;
}
