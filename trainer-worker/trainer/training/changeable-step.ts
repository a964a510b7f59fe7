import type { JsonObject, KnobChange, MetricInfo } from '../../../protocol/run';
import { valuesAfter, withChange } from '../../../vocabulary/knobs';
import type { Rows } from '../../methods/data/rows';
import type { Annealing, ChainRecord } from '../../methods/diagnostics/diagnostic';
import type { Checkpoint } from './run-observer';
import type { ChainStops } from './shown-chains';
import type { StepMetrics, TrainingStep } from './training-step';

/** A training step with what it reports. */
export interface MadeStep {
  readonly step: TrainingStep;
  readonly metrics: readonly MetricInfo[];
}

export interface ChangeableStepOptions {
  /** Completed steps; what was changed up to here is in `first`. */
  readonly completed: number;
  readonly first: TrainingStep;
  /** All changes that are known of, ascending by step. */
  readonly changes: readonly KnobChange[];
  /**
   * The step of the same training with other values of some options, ready to go on from a state.
   *
   * @param values dotted path → value, on top of those that the training began with
   */
  readonly make: (values: JsonObject, saved: Checkpoint) => Promise<MadeStep>;
}

/**
 * A training step whose options change between two steps. Changed, it is compiled anew and goes on from
 * its own state, exactly as a run does that goes on from a checkpoint: that is what makes a change, its
 * repetition and a resumption after it agree to the bit, and leaves the step itself as fast as it is.
 */
export class ChangeableStep implements TrainingStep {
  readonly #make: ChangeableStepOptions['make'];
  #step: TrainingStep;
  #changes: readonly KnobChange[];
  /** How far changes are made. */
  #changedUntil: number;

  constructor({ completed, first, changes, make }: ChangeableStepOptions) {
    this.#make = make;
    this.#step = first;
    this.#changes = changes;
    this.#changedUntil = completed;
  }

  /** All changes that are known of, made or still to be made, ascending by step. */
  get changes(): readonly KnobChange[] {
    return this.#changes;
  }

  /**
   * Changes an option from the next step on: tries that first, then has it recorded, then goes over to it.
   * Where one of these fails, nothing has changed.
   *
   * @param record makes the change durable, with what is measured from here on
   */
  async change(
    change: KnobChange,
    record: (metrics: readonly MetricInfo[]) => Promise<void>,
  ): Promise<void> {
    await this.#changeUntil(change.step);
    const changes = withChange(this.#changes, change);
    const made = await this.#madeAt(change.step, changes);
    try {
      await record(made.metrics);
    } catch (error) {
      await made.step.dispose();
      throw error;
    }
    this.#changes = changes;
    await this.#goOverTo(made.step);
  }

  async run(step: number): Promise<StepMetrics> {
    await this.#changeUntil(step - 1);
    return await this.#step.run(step);
  }

  sample(stops?: (iterations: number) => ChainStops): Promise<Float32Array> {
    return this.#step.sample(stops);
  }

  chainAges(): Float32Array | undefined {
    return this.#step.chainAges();
  }

  energy(points: Rows): Promise<Float32Array> {
    return this.#step.energy(points);
  }

  score(points: Float32Array): Promise<Float32Array> {
    return this.#step.score(points);
  }

  flowLogDensity(points: Float32Array): Promise<Float32Array> {
    return this.#step.flowLogDensity(points);
  }

  classEnergies(points: Rows): Promise<Float32Array> {
    return this.#step.classEnergies(points);
  }

  logPartition(): Promise<number | undefined> {
    return this.#step.logPartition();
  }

  anneal(samples: Float32Array): Promise<Annealing | undefined> {
    return this.#step.anneal(samples);
  }

  record(samples: Float32Array): Promise<ChainRecord> {
    return this.#step.record(samples);
  }

  parameters(): Promise<Readonly<Record<string, Float32Array>>> {
    return this.#step.parameters();
  }

  checkpoint(step: number): Promise<Checkpoint> {
    return this.#step.checkpoint(step);
  }

  restore(checkpoint: Checkpoint, factor: number): void {
    this.#step.restore(checkpoint, factor);
  }

  dispose(): Promise<void> {
    return this.#step.dispose();
  }

  /** Makes the changes that are due, of a run that is repeated or does steps again. */
  async #changeUntil(completed: number): Promise<void> {
    const isDue = ({ step }: KnobChange) => step > this.#changedUntil && step <= completed;
    if (this.#changes.some(isDue)) {
      await this.#goOverTo((await this.#madeAt(completed, this.#changes)).step);
    }
    this.#changedUntil = Math.max(this.#changedUntil, completed);
  }

  async #madeAt(completed: number, changes: readonly KnobChange[]): Promise<MadeStep> {
    const saved = await this.#step.checkpoint(completed);
    return await this.#make(valuesAfter(changes, completed), saved);
  }

  async #goOverTo(next: TrainingStep): Promise<void> {
    const before = this.#step;
    this.#step = next;
    // It is over either way: what the backend cannot free is no reason to say that it is not.
    await before.dispose().catch(() => undefined);
  }
}
