import { rollBackText } from '../../../vocabulary/roll-back';
import type { GuardSpec } from '../experiment/guard-options';
import { Guard } from './guard';
import type { Checkpoint } from './run-observer';
import type { StepMetrics, TrainingStep } from './training-step';

/** Where a training goes back to when its numbers go wrong, as often as the user allows. */
export class Recovery {
  readonly #step: Pick<TrainingStep, 'checkpoint' | 'restore'>;
  readonly #spec: GuardSpec;
  readonly #guard: Guard;
  /** The last checkpoint, or the beginning; none where nothing is rolled back. */
  #good: Checkpoint | undefined;
  #rollBacks = 0;

  constructor(step: Pick<TrainingStep, 'checkpoint' | 'restore'>, spec: GuardSpec) {
    this.#step = step;
    this.#spec = spec;
    this.#guard = new Guard(spec);
  }

  /** Remembers the state before the first step, where it may be needed. */
  async begin(completed: number): Promise<void> {
    if (this.#spec.action === 'rollBack') this.#good = await this.#step.checkpoint(completed);
  }

  /** What is wrong with the numbers of a step, as a sentence; `undefined` where all is well. */
  trouble(metrics: StepMetrics): string | undefined {
    return this.#guard.check(metrics);
  }

  /** A checkpoint is durable: this is where a roll-back goes from here on. */
  kept(checkpoint: Checkpoint): void {
    if (this.#good !== undefined) this.#good = checkpoint;
  }

  /**
   * Goes back where that is wished and still allowed.
   *
   * @param completed the step at which something is wrong
   * @param why a sentence
   * @returns what to tell the user; `undefined` where it did not go back
   */
  rollBack(completed: number, why: string): string | undefined {
    const { factor, most } = this.#spec;
    if (this.#good === undefined || this.#rollBacks >= most) return undefined;
    this.#rollBacks += 1;
    const rate = Number((factor ** this.#rollBacks).toPrecision(3));
    this.#step.restore(this.#good, factor);
    this.#guard.rearm();
    return rollBackText({ at: completed, to: this.#good.step }, why, rate);
  }
}
