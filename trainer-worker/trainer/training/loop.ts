import { type Problem, ProblemError, problemOf } from '../../../protocol/problem';
import type { PreviewFrame, RunState } from '../../../protocol/run';
import { isLiving } from '../../../vocabulary/run-status';
import type { GuardSpec } from '../experiment/guard-options';
import { type Best, isBetter, withBest } from './best-checkpoint';
import { CheckpointCadence, type CheckpointCadenceOptions } from './checkpoint-cadence';
import {
  type Ask,
  type Life,
  type LifeEffect,
  type LifeEvent,
  live,
  newLife,
  stateOf,
  type Work,
} from './life';
import { Pace } from './pace';
import { Previews, type PreviewsOptions } from './previews';
import { Recovery } from './recovery';
import type { RunObserver } from './run-observer';
import { Speed } from './speed';
import { Stopwatch } from './stopwatch';
import type { StepMetrics } from './training-step';

/** Milliseconds between signs of life. */
const beatMs = 250;
/** How often a run that the disk has paused looks whether that is over. */
const retryMs = 5_000;

export interface TrainingLoopOptions extends PreviewsOptions {
  /** After how many training steps it stops for now, with a checkpoint; when finished, where absent. */
  readonly until?: number;
  readonly checkpoint: CheckpointCadenceOptions;
  /** What is compared at each preview: a checkpoint is written where it is better than ever. */
  readonly best?: {
    readonly metric: string;
    readonly mode: 'max' | 'min';
    /** The best one before this process. */
    readonly before?: Best;
  };
  readonly guard: GuardSpec;
  /** Changes an option after so many completed steps, once `observers` have kept that. */
  readonly turn: (
    turn: KnobTurn,
    completed: number,
    observers: readonly RunObserver[],
  ) => Promise<void>;
}

/** An option, by its dotted path, and the value that it is to have. */
export interface KnobTurn {
  readonly option: string;
  readonly value: number;
}

/** Someone who waits for something to be done. */
interface Asker {
  /** What is to be changed, where that is what is waited for. */
  readonly turn?: KnobTurn;
  readonly resolve: (state: RunState) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs training steps, one after another, and tells its observers.
 *
 * `starting → running ⇄ paused`, then `stopping → stopped` or `finished`. A step that is not finite
 * and a disk that does not take a file pause it with the problem; `resume` tries the same again, and
 * what a disk refused is tried again by itself, unless somebody wants the run to stand still. Anything
 * else ends it as `failed`. What follows what is decided in `life.ts`; here it is done.
 */
export class TrainingLoop {
  readonly #options: TrainingLoopOptions;
  readonly #observers: readonly RunObserver[];
  readonly #pace = new Pace();
  readonly #speed = new Speed(performance.now());
  readonly #checkpoints: CheckpointCadence;
  /** Runs while this does. */
  readonly #stopwatch = new Stopwatch();
  readonly #previews: Previews;
  readonly #recovery: Recovery;
  readonly #askers: Readonly<Record<Ask, Asker[]>> = {
    pause: [],
    resume: [],
    step: [],
    checkpoint: [],
    change: [],
    stop: [],
  };
  #life: Life;
  /** What happened while something that happened before is still being told. */
  readonly #unheard: LifeEvent[] = [];
  #isTelling = false;
  #isStarted = false;
  readonly #over: Promise<void>;
  #end!: () => void;
  /** What ended it as failed. */
  #error: unknown;
  /** What the latest step measured, and what was seen and measured at its preview. */
  #metrics: StepMetrics = {};
  #seen: { readonly frame: PreviewFrame; readonly metrics: StepMetrics } | undefined;
  /** Where the metric that checkpoints are compared by was best. */
  #best: Best | undefined;

  constructor(options: TrainingLoopOptions, observers: readonly RunObserver[]) {
    this.#options = options;
    this.#observers = observers;
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#life = newLife(options.completed, options.steps, options.until);
    this.#recovery = new Recovery(options.step, options.guard);
    this.#checkpoints = new CheckpointCadence(options.checkpoint);
    const audience = {
      observers,
      measured: (step: number, metrics: StepMetrics) => this.#measured(step, metrics),
      notice: (text: string) => this.#notice(text),
    };
    this.#previews = new Previews(options, audience, this.#pace, () => this.#stopwatch.seconds);
    this.#best = options.best?.before;
  }

  get state(): RunState {
    const state = stateOf(this.#life);
    const rate = state.status === 'running' ? this.#speed.stepsPerSecond : undefined;
    if (rate === undefined) return state;
    return { ...state, stepsPerSecond: rate, secondsLeft: (state.steps - state.step) / rate };
  }

  /** Trains until the last step or until stopped. To be called once. Rejects on a failure. */
  async run(): Promise<'finished' | 'stopped'> {
    if (this.#isStarted) throw new Error('A training loop runs only once.');
    this.#isStarted = true;
    const heart = setInterval(() => this.#tell(), beatMs);
    const retries = setInterval(() => this.#happen({ type: 'retry' }), retryMs);
    retries.unref();
    try {
      const { completed, step } = this.#options;
      try {
        await this.#recovery.begin(completed);
        this.#speed.restart(performance.now());
        // What goes on from a checkpoint has been shown before.
        this.#happen({ type: 'begin', looks: completed === 0 });
        await this.#over;
      } catch (error) {
        this.#break(error);
      }
      await step.dispose();
    } finally {
      clearInterval(heart);
      clearInterval(retries);
    }
    const { status } = this.#life;
    if (status === 'finished' || status === 'stopped') return status;
    throw this.#error;
  }

  /** Resolves once the loop stands still between two steps, or has ended. */
  pause(): Promise<RunState> {
    return this.#ask('pause');
  }

  /**
   * Goes on; after a problem, tries again what failed. What could not be recorded is recorded first.
   * Rejects if it still cannot be: nothing goes on then.
   */
  resume(): Promise<RunState> {
    return this.#ask('resume');
  }

  /**
   * Trains one step more and stands still; resolves once it does. Rejects while something cannot be
   * recorded.
   */
  step(): Promise<RunState> {
    return this.#ask('step');
  }

  /**
   * Writes a checkpoint between two steps, also of a paused run; resolves once that is durable.
   * Rejects if it cannot be written: the run is then as before.
   */
  checkpoint(): Promise<RunState> {
    return this.#ask('checkpoint');
  }

  /**
   * Changes an option between two steps, also of a paused run; resolves once that is durable. Rejects
   * with the reason where it cannot be: the run is then as before.
   */
  change(turn: KnobTurn): Promise<RunState> {
    return this.#ask('change', turn);
  }

  /**
   * Writes a checkpoint and ends the run; resolves once that is durable. Rejects if it cannot be
   * written: the run is then paused, and may be stopped again or resumed.
   */
  stop(): Promise<RunState> {
    return this.#ask('stop');
  }

  /** Pauses because something cannot be recorded, until it can. */
  onTrouble(problem: Problem): void {
    this.#happen({ type: 'trouble', problem });
  }

  #ask(ask: Ask, turn?: KnobTurn): Promise<RunState> {
    return new Promise((resolve, reject) => {
      this.#askers[ask].push({ resolve, reject, ...(turn ? { turn } : {}) });
      this.#happen({ type: ask });
    });
  }

  #happen(event: LifeEvent): void {
    this.#unheard.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let next = this.#unheard.shift(); next; next = this.#unheard.shift()) this.#live(next);
    } finally {
      this.#isTelling = false;
    }
  }

  #live(event: LifeEvent): void {
    const before = this.#life.status;
    const { life, effects } = live(this.#life, event);
    this.#life = life;
    const { status } = life;
    this.#stopwatch.setRunning(status === 'running' || status === 'stopping');
    if (before === 'paused' && status !== 'paused') this.#speed.restart(performance.now());
    for (const effect of effects) this.#carryOut(effect);
    if (!isLiving(status)) this.#end();
  }

  #carryOut(effect: LifeEffect): void {
    switch (effect.type) {
      case 'tell':
        this.#tell();
        break;
      case 'answer':
        for (const { resolve } of this.#askers[effect.ask].splice(0)) resolve(this.state);
        break;
      case 'refuse':
        for (const { reject } of this.#askers[effect.ask].splice(0)) reject(effect.error);
        break;
      case 'record':
        void this.#recordAgain();
        break;
      case 'do':
        void this.#do(effect.work);
        break;
    }
  }

  async #recordAgain(): Promise<void> {
    try {
      for (const observer of this.#observers) await observer.recordAgain?.();
      this.#happen({ type: 'recorded' });
    } catch (error) {
      this.#happen({ type: 'unrecorded', problem: problemOf(error, 'storage'), error });
    }
  }

  async #do(work: Work): Promise<void> {
    await this.#pace.giveWay();
    try {
      this.#happen(await this.#works[work]());
    } catch (error) {
      if (isPassing(error)) this.#happen({ type: 'failed', problem: error.problem, error });
      else this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.#error = error;
    this.#happen({ type: 'broke', problem: problemOf(error), error });
  }

  readonly #works: Readonly<Record<Work, () => Promise<LifeEvent>>> = {
    step: () => this.#step(),
    look: () => this.#look(),
    keep: () => this.#keep(),
    judge: () => this.#judge(),
    checkpoint: () => this.#save(),
    'asked checkpoint': () => this.#save(),
    'last checkpoint': () => this.#save(),
    change: () => this.#change(),
  };

  async #step(): Promise<LifeEvent> {
    const { completed } = this.#life;
    const next = completed + 1;
    try {
      this.#metrics = await this.#options.step.run(next);
    } catch (error) {
      const isDiverged = error instanceof ProblemError && error.problem.kind === 'training';
      if (isDiverged && this.#rollBack(error.problem.message)) return { type: 'rolledBack' };
      throw error;
    }
    this.#seen = undefined;
    if (this.#previews.isDue(next)) return done('look', 'keep', 'judge');
    this.#measured(next, this.#metrics);
    return done('judge');
  }

  async #look(): Promise<LifeEvent> {
    this.#seen = await this.#previews.look(this.#life.completed, this.#metrics);
    return done();
  }

  async #keep(): Promise<LifeEvent> {
    if (this.#seen) await this.#previews.keep(this.#seen.frame);
    return done();
  }

  async #judge(): Promise<LifeEvent> {
    this.#speed.tick(performance.now());
    const { completed, until } = this.#life;
    const message = this.#recovery.trouble(this.#metrics);
    if (message !== undefined) {
      if (this.#rollBack(message)) return { type: 'rolledBack' };
      const remedy = 'Resume it to go on all the same, or rerun it with a smaller learningRate.';
      return { type: 'doubted', problem: { kind: 'training', message, remedy } };
    }
    // What a guard complains of is nothing to go back to, and never the best.
    const isBest = this.#isBest(this.#seen?.metrics ?? {});
    const isDue = isBest || this.#checkpoints.isDue(completed);
    return isDue && completed !== until ? done('checkpoint') : done();
  }

  /** @returns whether it went back */
  #rollBack(why: string): boolean {
    const text = this.#recovery.rollBack(this.#life.completed, why);
    if (text !== undefined) this.#notice(text);
    return text !== undefined;
  }

  /** Whether these values are the best so far; remembers them if so. */
  #isBest(metrics: StepMetrics): boolean {
    const { best } = this.#options;
    const value = best && metrics[best.metric];
    if (value === undefined || !isBetter(best!.mode, value, this.#best?.value)) return false;
    this.#best = { step: this.#life.completed, value };
    return true;
  }

  /** Makes the state after the last completed step durable. */
  async #save(): Promise<LifeEvent> {
    const made = await this.#options.step.checkpoint(this.#life.completed);
    const checkpoint = this.#best === undefined ? made : withBest(made, this.#best);
    await this.#checkpoints.around(async () => {
      for (const observer of this.#observers) await observer.checkpoint?.(checkpoint);
    });
    this.#recovery.kept(checkpoint);
    return done();
  }

  /** Makes the changes that were asked for, one after the other; each asker hears of its own. */
  async #change(): Promise<LifeEvent> {
    const { completed } = this.#life;
    for (const { turn, resolve, reject } of this.#askers.change.splice(0)) {
      try {
        if (turn) await this.#options.turn(turn, completed, this.#observers);
        resolve(this.state);
      } catch (error) {
        reject(error);
      }
    }
    return done();
  }

  #notice(text: string): void {
    for (const observer of this.#observers) observer.notice?.(text);
  }

  #measured(step: number, metrics: StepMetrics): void {
    const wallTime = Date.now() / 1000;
    for (const observer of this.#observers) observer.metrics?.(step, metrics, wallTime);
  }

  #tell(): void {
    const { state } = this;
    for (const observer of this.#observers) observer.state?.(state);
  }
}

function done(...next: readonly Work[]): LifeEvent {
  return { type: 'done', next };
}

/** Whether this may go away: a step that was not finite, a disk that is full. */
function isPassing(error: unknown): error is ProblemError {
  return (
    error instanceof ProblemError &&
    (error.problem.kind === 'training' || error.problem.kind === 'storage')
  );
}
