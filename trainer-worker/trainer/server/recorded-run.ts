import { type Problem, problemOf } from '../../../protocol/problem';
import type {
  KnobChange,
  MetricInfo,
  PreviewFrame,
  RunManifest,
  RunState,
} from '../../../protocol/run';
import type { Request } from '../../../run-directory/control-requests';
import type { ScalarEvent } from '../../../run-directory/event-message';
import { isLiving } from '../../../vocabulary/run-status';
import type { RunRecorder } from '../storage/run-recorder';
import type { KnobTurn, TrainingLoop } from '../training/loop';
import type { Checkpoint, RunObserver } from '../training/run-observer';
import { RequestTaker } from './request-taker';
import type { ServedRun } from './trainer-server';

/** What a run needs of its loop. */
export type ControlledLoop = Pick<
  TrainingLoop,
  'state' | 'run' | 'pause' | 'resume' | 'step' | 'onTrouble' | 'checkpoint' | 'change' | 'stop'
>;

/**
 * A training loop and its record, as one thing to control: what cannot be recorded pauses the loop, and
 * nobody hears of the end before it is on disk.
 */
export class RecordedRun implements ServedRun {
  readonly #loop: ControlledLoop;
  readonly #recorder: RunRecorder;
  readonly #listeners: readonly RunObserver[];
  readonly #ended: Promise<RunState>;
  #end!: (state: RunState) => void;
  readonly #abandoned: Promise<void>;
  #abandon!: () => void;
  #failure: Problem | undefined;
  #final: RunState | undefined;

  /**
   * @param createLoop makes the loop, given its observer
   * @param listeners hear of everything after it is recorded
   */
  constructor(
    recorder: RunRecorder,
    createLoop: (observer: RunObserver) => ControlledLoop,
    listeners: readonly RunObserver[],
  ) {
    this.#recorder = recorder;
    this.#listeners = listeners;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#abandoned = new Promise((resolve) => {
      this.#abandon = resolve;
    });
    this.#loop = createLoop({
      state: (state) => this.#onState(state),
      metrics: (step, values, wallTime) => {
        recorder.metrics(step, values, wallTime);
        for (const listener of listeners) listener.metrics?.(step, values, wallTime);
      },
      notice: (text) => this.note(text),
      preview: (frame) => this.#onPreview(frame),
      snapshot: (snapshot) => recorder.snapshot(snapshot),
      checkpoint: (checkpoint) => this.#onCheckpoint(checkpoint),
      change: (change, measured) => this.#onChange(change, measured),
      recordAgain: () => recorder.retry(),
    });
  }

  get state(): RunState {
    return this.#final ?? this.#loop.state;
  }

  get manifest(): RunManifest {
    return this.#recorder.manifest;
  }

  /**
   * Trains to the end and closes the record.
   *
   * @returns the final state, which is on disk (unless it says that it could not be written)
   */
  async run(): Promise<RunState> {
    const status = await Promise.race([
      this.#loop.run(),
      this.#abandoned.then(() => 'stopped' as const),
    ]).catch((thrown: unknown) => {
      this.#failure ??= problemOf(thrown);
      return 'failed' as const;
    });
    const { step, steps } = this.#loop.state;
    const final: RunState = this.#failure
      ? { status: 'failed', step, steps, problem: this.#failure }
      : { status, step, steps };
    this.#final = final;
    try {
      await this.#recorder.close(final);
    } catch (thrown) {
      this.#final = { ...final, status: 'failed', problem: problemOf(thrown, 'storage') };
    }
    this.#tell(this.#final);
    this.#end(this.#final);
    return this.#final;
  }

  /** Resolves once the loop stands still between two steps. */
  pause(): Promise<RunState> {
    return this.#loop.pause();
  }

  /** Goes on; what could not be recorded is recorded first, and if that fails nothing goes on. */
  resume(): Promise<RunState> {
    return this.#loop.resume();
  }

  /** Trains one step and stands still; rejects while something cannot be recorded. */
  step(): Promise<RunState> {
    return this.#loop.step();
  }

  /** Writes a checkpoint; resolves once it is durable, and rejects if it cannot be written. */
  checkpoint(): Promise<RunState> {
    return this.#loop.checkpoint();
  }

  /** Changes an option from the next step on; resolves once that is durable. */
  change(turn: KnobTurn): Promise<RunState> {
    return this.#loop.change(turn);
  }

  /** Writes a checkpoint and ends the run; resolves once all is on disk. */
  async stop(): Promise<RunState> {
    if (this.#final) return this.#ended;
    await this.#loop.stop();
    return this.#ended;
  }

  /**
   * Ends the run as failed, with a checkpoint if that is possible.
   *
   * @param problem why; becomes the reason that the record shows
   */
  async giveUp(problem: Problem): Promise<void> {
    if (this.#failure) return;
    this.#failure = problem;
    try {
      await this.#loop.stop();
    } catch {
      // The problem that is told is the first one.
      this.#abandon();
    }
  }

  /** Ends the run as failed at once, without asking the loop. */
  abandon(problem: Problem): void {
    this.#failure ??= problem;
    this.#abandon();
  }

  /** Keeps a sentence that whoever looks at the run should know, and tells it. */
  note(text: string): void {
    this.#recorder.notice(text);
    for (const listener of this.#listeners) listener.notice?.(text);
  }

  /** Pauses because something cannot be recorded. */
  onTrouble(problem: Problem): void {
    this.#loop.onTrouble(problem);
  }

  /** Has what is asked for by files be done, until closed. */
  takeRequests(act: (request: Request) => Promise<RunState>): RequestTaker {
    return new RequestTaker(this.#recorder.directory, this.#recorder.token, act);
  }

  flush(): Promise<number> {
    return this.#recorder.flush();
  }

  unwritten(): { readonly bytes: number; readonly events: readonly ScalarEvent[] } {
    return this.#recorder.unwritten();
  }

  previewSteps(): Promise<number[]> {
    return this.#recorder.previewSteps();
  }

  #onState(state: RunState): void {
    // The end is told by `run`, when it is on disk.
    if (!isLiving(state.status) || this.#final) return;
    this.#recorder.state(state);
    this.#tell(state);
  }

  async #onPreview(frame: PreviewFrame): Promise<void> {
    await this.#recorder.preview(frame);
    await Promise.all(this.#listeners.map((listener) => listener.preview?.(frame)));
  }

  async #onCheckpoint(checkpoint: Checkpoint): Promise<void> {
    await this.#recorder.checkpoint(checkpoint);
    await Promise.all(this.#listeners.map((listener) => listener.checkpoint?.(checkpoint)));
  }

  async #onChange(change: KnobChange, measured: readonly MetricInfo[]): Promise<void> {
    await this.#recorder.change(change, measured);
    await Promise.all(this.#listeners.map((listener) => listener.change?.(change, measured)));
  }

  #tell(state: RunState): void {
    for (const listener of this.#listeners) listener.state?.(state);
  }
}
