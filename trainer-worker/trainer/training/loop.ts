import { type Problem, ProblemError, problemOf } from '../../../protocol/problem';
import {
  errorName,
  type PreviewFrame,
  type PreviewLayout,
  type RunState,
  type RunStatus,
} from '../../../protocol/run';
import { isLiving } from '../../../vocabulary/run-status';
import type { Rows } from '../../methods/data/rows';
import { isKnown } from '../../methods/diagnostics/estimate';
import { gridPoints } from '../../methods/diagnostics/grid';
import type { NamedDiagnostic } from '../../methods/diagnostics/prepare';
import type { SmallSpace } from '../../methods/diagnostics/small-space';
import type { GuardSpec } from '../experiment/guard-options';
import { type Best, isBetter, withBest } from './best-checkpoint';
import { CheckpointCadence, type CheckpointCadenceOptions } from './checkpoint-cadence';
import { Guard } from './guard';
import { LookingTime } from './looking-time';
import { Pace } from './pace';
import { PreviewCadence } from './preview-cadence';
import type { Checkpoint, RunObserver } from './run-observer';
import { SnapshotCadence } from './snapshot-cadence';
import { Speed } from './speed';
import { Stopwatch } from './stopwatch';
import { subjectOf } from './subject';
import type { StepMetrics, TrainingStep } from './training-step';

/** Points of each kind whose energies a snapshot has. */
const mostCompared = 512;
/** Milliseconds between signs of life. */
const beat = 250;

export interface TrainingLoopOptions {
  readonly step: TrainingStep;
  /** Training steps that are already done: 0, or those of the checkpoint that `step` goes on from. */
  readonly completed: number;
  /** Training steps until it is finished. */
  readonly steps: number;
  readonly preview: {
    /** Training steps from one to the next; `null`: as time allows. */
    readonly every: number | null;
    readonly layout: PreviewLayout;
  };
  readonly checkpoint: CheckpointCadenceOptions;
  /** What is compared at each preview: a checkpoint is written where it is better than ever. */
  readonly best?: {
    readonly metric: string;
    readonly mode: 'max' | 'min';
    /** The best one before this process. */
    readonly before?: Best;
  };
  readonly guard: GuardSpec;
  /** What is measured at each preview. */
  readonly diagnostics: readonly NamedDiagnostic[];
  /** Where diagnostics are of all of a small space. */
  readonly space?: SmallSpace;
  /** `[n, D]` rows that it does not train on, whose energies are compared with those of samples. */
  readonly heldOut?: Rows;
}

/** Someone who waits for something to be done. */
interface Asker {
  readonly resolve: (state: RunState) => void;
  readonly reject: (error: unknown) => void;
}

/** Previews at which a metric may be unknown before that is said. */
const patience = 10;
/** It has been said. */
const told = Number.POSITIVE_INFINITY;

/**
 * Runs training steps, one after another, and tells its observers.
 *
 * `starting → running ⇄ paused`, then `stopping → stopped` or `finished`. A step that is not finite
 * and a disk that does not take a file pause it with the problem; `resume` tries the same again.
 * Anything else ends it as `failed`.
 */
export class TrainingLoop {
  readonly #options: TrainingLoopOptions;
  readonly #observers: readonly RunObserver[];
  readonly #guard: Guard;
  /** Where a roll-back goes: the last checkpoint, or the beginning. */
  #good: Checkpoint | undefined;
  #rollBacks = 0;
  /** For how many previews a metric has not been known; 0 where it was at the last. */
  readonly #untold = new Map<string, number>();
  readonly #pace = new Pace();
  readonly #speed = new Speed(performance.now());
  readonly #cadence: CheckpointCadence;
  readonly #snapshots: SnapshotCadence;
  /** Runs while this does. */
  readonly #stopwatch = new Stopwatch();
  readonly #looking = new LookingTime(() => this.#stopwatch.seconds);
  readonly #previews: PreviewCadence;
  #status: RunStatus = 'starting';
  #problem: Problem | undefined;
  #completed: number;
  #started = false;
  /** What was last asked for. */
  #wish: 'run' | 'pause' | 'stop' = 'run';
  /** Whether a loop that stands still is to try what failed, and go on only if that goes well. */
  #tries = false;
  /** Ends the wait of a loop that stands still. */
  #wake: (() => void) | undefined;
  readonly #pausing: ((state: RunState) => void)[] = [];
  readonly #saving: Asker[] = [];
  readonly #stopping: Asker[] = [];
  /** Where the metric that checkpoints are compared by was best. */
  #best: Best | undefined;

  constructor(options: TrainingLoopOptions, observers: readonly RunObserver[]) {
    this.#options = options;
    this.#observers = observers;
    this.#completed = options.completed;
    this.#guard = new Guard(options.guard);
    this.#cadence = new CheckpointCadence(options.checkpoint);
    this.#snapshots = new SnapshotCadence(options.steps);
    const { steps, completed, preview } = options;
    this.#previews = new PreviewCadence({ steps, completed, every: preview.every }, this.#looking);
    this.#best = options.best?.before;
  }

  get state(): RunState {
    const { steps } = this.#options;
    const rate = this.#status === 'running' ? this.#speed.stepsPerSecond : undefined;
    return {
      status: this.#status,
      step: this.#completed,
      steps,
      ...(rate === undefined
        ? {}
        : { stepsPerSecond: rate, secondsLeft: (steps - this.#completed) / rate }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  /** Trains until the last step or until stopped. To be called once. Rejects on a failure. */
  async run(): Promise<'finished' | 'stopped'> {
    if (this.#started) throw new Error('A training loop runs only once.');
    this.#started = true;
    if (this.#wish !== 'stop') this.#become('running');
    this.#speed.restart(performance.now());
    const heart = setInterval(() => this.#tell(), beat);
    try {
      const { step, guard } = this.#options;
      if (guard.action === 'rollBack') this.#good = await step.checkpoint(this.#completed);
      // What goes on from a checkpoint has been shown before.
      if (this.#wish !== 'stop' && this.#completed === 0) await this.#preview({});
      const outcome = await this.#trainAndSave();
      this.#become(outcome);
      return outcome;
    } catch (error) {
      this.#problem = problemOf(error);
      this.#become('failed');
      for (const { reject } of this.#stopping.splice(0)) reject(error);
      for (const { reject } of this.#saving.splice(0)) reject(error);
      throw error;
    } finally {
      clearInterval(heart);
      for (const resolve of this.#pausing.splice(0)) resolve(this.state);
      for (const { resolve } of this.#stopping.splice(0)) resolve(this.state);
      // The last state is written, or there is a failure that they have been told.
      for (const { resolve } of this.#saving.splice(0)) resolve(this.state);
      await this.#options.step.dispose();
    }
  }

  /** Resolves once the loop stands still between two steps, or has ended. */
  pause(): Promise<RunState> {
    if (!isLiving(this.#status) || this.#wake !== undefined) return Promise.resolve(this.state);
    if (this.#wish === 'run') this.#wish = 'pause';
    return new Promise((resolve) => this.#pausing.push(resolve));
  }

  /** Goes on; after a problem, tries again what failed. */
  resume(): RunState {
    if (this.#wish === 'pause') this.#wish = 'run';
    if (this.#wake !== undefined && this.#wish === 'run') {
      this.#problem = undefined;
      this.#become('running');
      this.#wake();
    }
    for (const resolve of this.#pausing.splice(0)) resolve(this.state);
    return this.state;
  }

  /** Tries again what failed; goes on if that goes well, and else stands still as before. */
  tryAgain(): void {
    if (this.#problem?.kind !== 'storage') return;
    this.#tries = true;
    this.#wake?.();
  }

  /**
   * Writes a checkpoint between two steps, also of a paused run; resolves once that is durable.
   * Rejects if it cannot be written: the run is then as before.
   */
  checkpoint(): Promise<RunState> {
    if (!isLiving(this.#status)) return Promise.resolve(this.state);
    return new Promise((resolve, reject) => {
      this.#saving.push({ resolve, reject });
      this.#wake?.();
    });
  }

  /**
   * Writes a checkpoint and ends the run; resolves once that is durable. Rejects if it cannot be
   * written: the run is then paused, and may be stopped again or resumed.
   */
  stop(): Promise<RunState> {
    if (!isLiving(this.#status)) return Promise.resolve(this.state);
    this.#wish = 'stop';
    this.#problem = undefined;
    this.#become('stopping');
    this.#wake?.();
    return new Promise((resolve, reject) => this.#stopping.push({ resolve, reject }));
  }

  /** Trains to the end or until stopped, and makes the last state durable. */
  async #trainAndSave(): Promise<'finished' | 'stopped'> {
    const { steps } = this.#options;
    for (;;) {
      await this.#train();
      const outcome = this.#completed === steps ? 'finished' : 'stopped';
      try {
        await this.#save();
        return outcome;
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.#wish = 'pause';
        this.#problem = error.problem;
        for (const { reject } of this.#stopping.splice(0)) reject(error);
        // Who asked to stop is to say what now; what is through only waits to be written.
        const again = outcome === 'finished' ? () => this.#save() : undefined;
        if (await this.#stand(again)) return outcome;
      }
    }
  }

  async #train(): Promise<void> {
    while (this.#completed < this.#options.steps) {
      if (this.#wish === 'stop') return;
      await this.#saveAsked();
      if (this.#stopWished()) return;
      if (this.#wish === 'pause') await this.#stand();
      else await this.#advance();
      await this.#pace.giveWay();
    }
  }

  /** One step and what is due after it. */
  async #advance(): Promise<void> {
    const { steps } = this.#options;
    const next = this.#completed + 1;
    let metrics: StepMetrics = {};
    const done = await this.#attempt(async () => {
      metrics = await this.#runStep(next);
    });
    if (!done) return;
    this.#completed = next;
    let shown: StepMetrics = {};
    if (this.#previews.isDue(next)) shown = await this.#preview(metrics);
    else this.#measured(metrics);
    const trouble = this.#guard.check(metrics);
    if (trouble !== undefined) await this.#onTrouble(trouble);
    else {
      // What a guard complains of is nothing to go back to, and never the best.
      const isBest = this.#isBest(shown);
      if (next !== steps && (isBest || this.#cadence.isDue(next))) {
        await this.#attempt(() => this.#save());
      }
    }
    this.#speed.tick(performance.now());
  }

  /**
   * Does `action`; where it fails for a reason that may pass, pauses with the problem and does it
   * again when resumed.
   *
   * @returns whether it was done; `false` when the run is to stop instead
   */
  async #attempt(action: () => Promise<void>): Promise<boolean> {
    for (;;) {
      try {
        await action();
        return true;
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (this.#stopWished()) return false;
        this.#wish = 'pause';
        this.#problem = error.problem;
        if (await this.#stand(action)) return true;
        if (this.#stopWished()) return false;
      }
    }
  }

  /** Whether somebody asked to stop, also during an `await` just before. */
  #stopWished(): boolean {
    return this.#wish === 'stop';
  }

  /** A step; where something in it is not finite, after a roll-back if the guard makes one. */
  async #runStep(number: number): Promise<StepMetrics> {
    for (;;) {
      try {
        return await this.#options.step.run(number);
      } catch (error) {
        const isDiverged = error instanceof ProblemError && error.problem.kind === 'training';
        if (!isDiverged || !(await this.#rollBack(error.problem.message))) throw error;
      }
    }
  }

  /** Rolls back where that is wished and still allowed; else pauses with the reason. */
  async #onTrouble(message: string): Promise<void> {
    if ((await this.#rollBack(message)) || this.#stopWished()) return;
    this.#wish = 'pause';
    this.#problem = {
      kind: 'training',
      message,
      remedy: 'Resume it to go on all the same, or rerun it with a smaller learningRate.',
    };
    await this.#stand();
    // Going on all the same may go wrong: then there is a way back to here.
    if (!this.#stopWished()) await this.#attempt(() => this.#save());
  }

  /** @returns whether it was done */
  async #rollBack(why: string): Promise<boolean> {
    const { step, guard } = this.#options;
    if (this.#good === undefined || this.#rollBacks >= guard.most) return false;
    this.#rollBacks += 1;
    const rate = Number((guard.factor ** this.#rollBacks).toPrecision(3));
    const text = `Step ${this.#completed}: ${why} Rolled back to step ${this.#good.step}; learning rate × ${rate} from here on.`;
    step.restore(this.#good, guard.factor);
    this.#guard.rearm();
    // From here another process goes on too: what is lowered must not be lost with this one.
    await this.#attempt(() => this.#save());
    this.#notice(text);
    return true;
  }

  /** Whether these values are the best so far; remembers them if so. */
  #isBest(metrics: StepMetrics): boolean {
    const { best } = this.#options;
    const value = best && metrics[best.metric];
    if (value === undefined || !isBetter(best!.mode, value, this.#best?.value)) return false;
    this.#best = { step: this.#completed, value };
    return true;
  }

  /**
   * Stands still until resumed or stopped; writes checkpoints that are asked for meanwhile.
   *
   * @param again what failed, which may be tried again
   * @returns whether that was done
   */
  async #stand(again?: () => Promise<void>): Promise<boolean> {
    this.#become('paused');
    let isDone = false;
    while (this.#wish === 'pause' && !isDone) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      for (const resolve of this.#pausing.splice(0)) resolve(this.state);
      if (this.#saving.length === 0) await woken;
      this.#wake = undefined;
      await this.#saveAsked();
      if (again && this.#tries) isDone = await this.#succeeds(again);
      this.#tries = false;
    }
    if (isDone && this.#wish === 'pause') this.#wish = 'run';
    if (this.#status === 'paused') {
      // Resumed while a checkpoint was being written.
      this.#problem = undefined;
      this.#become('running');
    }
    this.#speed.restart(performance.now());
    return isDone;
  }

  /** Tries something that has failed before; what is wrong now is the problem then. */
  async #succeeds(action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#problem = error.problem;
      return false;
    }
  }

  /**
   * Measures and shows the model as it is, with the metrics of the step that led to it. Where the user
   * has it look so often that it takes much of the time, that is said.
   *
   * @returns all metrics of this step
   */
  async #preview(metrics: StepMetrics): Promise<StepMetrics> {
    const { steps, preview } = this.#options;
    const all = await this.#previews.around(this.#completed, () => this.#look(metrics));
    const isWished = preview.every !== null;
    const warning = isWished && this.#looking.warning(this.#completed === steps);
    if (warning) this.#notice(warning);
    return all;
  }

  async #look(metrics: StepMetrics): Promise<StepMetrics> {
    const { step, preview } = this.#options;
    const samples = await this.#looking.part('chains', () => step.sample());
    const field = await this.#looking.part('landscape', () => this.#field());
    const frame: PreviewFrame = {
      step: this.#completed,
      samples,
      count: samples.length / preview.layout.dimensions,
      ...(field ? { field } : {}),
    };
    const all = { ...metrics, ...(await this.#diagnose(samples, field)) };
    this.#measured(all);
    await this.#looking.part('writing', async () => {
      await this.#attempt(() => this.#keep(frame));
      if (this.#snapshots.isDue(frame.step)) {
        await this.#snapshots.around(frame.step, () => this.#takeSnapshot(frame));
      }
    });
    return all;
  }

  /** Tells those who keep pictures how the model looks now. */
  async #takeSnapshot(frame: PreviewFrame): Promise<void> {
    const observers = this.#observers.filter(({ snapshot }) => snapshot !== undefined);
    if (observers.length === 0) return;
    const { step, heldOut, preview } = this.#options;
    const { dimensions } = preview.layout;
    const samples = frame.samples.subarray(0, mostCompared * dimensions);
    const rows = (heldOut ?? new Float32Array(0)).subarray(0, mostCompared * dimensions);
    // All at once: the program that evaluates them has one size.
    const points = new Float32Array(samples.length + rows.length);
    points.set(samples);
    points.set(rows, samples.length);
    const energies = await step.energy(points);
    const count = samples.length / dimensions;
    const distributions = {
      'energies/samples': energies.subarray(0, count),
      'energies/held-out': energies.subarray(count),
      ...(await step.parameters()),
    };
    const wallTime = Date.now() / 1000;
    for (const observer of observers) observer.snapshot?.({ frame, wallTime, distributions });
  }

  /** The energy landscape, where one is shown. */
  async #field(): Promise<Float32Array | undefined> {
    const { step, preview } = this.#options;
    const { bounds, resolution } = preview.layout;
    return resolution > 0 ? step.energy(gridPoints(bounds, resolution)) : undefined;
  }

  /** All that is measured of the model as it is. What stays unknown is said once, until it is known. */
  async #diagnose(samples: Float32Array, field: Float32Array | undefined): Promise<StepMetrics> {
    const { step, steps, diagnostics, space, preview, heldOut } = this.#options;
    const { dimensions } = preview.layout;
    const subject = subjectOf(step, samples, {
      heldOut: heldOut ?? new Float32Array(0),
      dimensions,
      ...(space ? { space } : {}),
      ...(field ? { field } : {}),
    });
    const measured: Record<string, number> = {};
    const untold = new Map<string, string[]>();
    for (const diagnostic of diagnostics) {
      const values = await this.#looking.part(diagnostic.name, () => diagnostic.measure(subject));
      for (const [name, value] of Object.entries(values)) {
        if (typeof value === 'number') {
          measured[name] = value;
        } else if (isKnown(value)) {
          measured[name] = value.value;
          measured[errorName(name)] = value.error;
          this.#untold.set(name, 0);
        } else {
          // Whoever asks for the last value must not be given an older one.
          measured[name] = Number.NaN;
          const before = this.#untold.get(name);
          // Told once, however often it follows.
          if (before === told) continue;
          // Networks that have just begun mostly have no integral; what was known, or still is not, counts.
          const times = (before ?? 0) + 1;
          const isNews = before === 0 || times === patience || this.#completed === steps;
          this.#untold.set(name, isNews ? told : times);
          if (!isNews) continue;
          const label = diagnostic.metrics.find((metric) => metric.name === name)?.label ?? name;
          untold.set(value.unknown, [...(untold.get(value.unknown) ?? []), label]);
        }
      }
      await this.#pace.giveWay();
    }
    for (const [why, labels] of untold) {
      this.#notice(`${labels.join('; ')}: not known at step ${this.#completed}: ${why}.`);
    }
    return measured;
  }

  #notice(text: string): void {
    for (const observer of this.#observers) observer.notice?.(text);
  }

  async #keep(frame: PreviewFrame): Promise<void> {
    for (const observer of this.#observers) await observer.preview?.(frame);
  }

  /** A checkpoint for those who asked for one. That it fails is theirs to hear: training goes on. */
  async #saveAsked(): Promise<void> {
    const asked = this.#saving.splice(0);
    if (asked.length === 0) return;
    try {
      await this.#save();
    } catch (error) {
      for (const { reject } of asked) reject(error);
      if (!isPassing(error)) throw error;
    }
    for (const { resolve } of asked) resolve(this.state);
  }

  /** Makes the state after the last completed step durable. */
  async #save(): Promise<void> {
    const made = await this.#options.step.checkpoint(this.#completed);
    const checkpoint = this.#best === undefined ? made : withBest(made, this.#best);
    await this.#cadence.around(async () => {
      for (const observer of this.#observers) await observer.checkpoint?.(checkpoint);
    });
    if (this.#good !== undefined) this.#good = checkpoint;
  }

  #measured(metrics: StepMetrics): void {
    const wallTime = Date.now() / 1000;
    for (const observer of this.#observers) observer.metrics?.(this.#completed, metrics, wallTime);
  }

  #become(status: RunStatus): void {
    this.#status = status;
    this.#stopwatch.setRunning(status === 'running' || status === 'stopping');
    this.#tell();
  }

  #tell(): void {
    const { state } = this;
    for (const observer of this.#observers) observer.state?.(state);
  }
}

/** Whether this may go away: a step that was not finite, a disk that is full. */
function isPassing(error: unknown): error is ProblemError {
  return (
    error instanceof ProblemError &&
    (error.problem.kind === 'training' || error.problem.kind === 'storage')
  );
}
