/** What the extension and a trainer process say to each other over the trainer's socket. */
import type { PreviewFrame, RunManifest, RunState, SeriesChunks } from './run';

/** Who may pause, resume and stop a run, as one client sees it. `free`: whoever asks first. */
export type Control = 'mine' | 'others' | 'free';

/** What is to become of a run that its owner has left. */
export interface OwnerWish {
  readonly whenGone: 'train' | 'stop';
  /** How long the owner may stay away, as an editor does that is reloaded, before it counts as gone. */
  readonly graceMs: number;
}

/** The trainer's reply to `attach`: from here on, events tell every change. */
export interface Attachment {
  readonly manifest: RunManifest;
  readonly state: RunState;
  /**
   * Length of the event file just now, flushed. Everything before it is to be read from disk;
   * everything after it arrives as `metrics` events. Nothing is missing and nothing comes twice.
   */
  readonly eventBytes: number;
  /** Steps of the previews that are on disk, ascending. */
  readonly previewSteps: readonly number[];
  /** Whether the caller may control the run. */
  readonly control: Control;
}

/** The trainer answers these and emits these. */
export interface TrainerSide {
  methods: {
    /**
     * Subscribes the caller. Resolves when the run has begun to train; rejects with the problem
     * when the experiment cannot be loaded, and the process then ends by itself.
     */
    attach(params: Record<string, never>): Attachment;
    /**
     * Asks to own the run: its owner alone pauses, resumes and stops it. Without `takeOver` nobody
     * loses it by that; who does not get it now may get it later, and is told by `control`.
     */
    own(params: OwnerWish & { readonly takeOver: boolean }): Control;
    /** Resolves once the loop stands still between two steps. */
    pause(params: Record<string, never>): RunState;
    resume(params: Record<string, never>): RunState;
    /** Trains one step; resolves once the loop stands still again. */
    step(params: Record<string, never>): RunState;
    /** Writes a checkpoint between two steps, also while paused; resolves once it is durable. */
    checkpoint(params: Record<string, never>): RunState;
    /**
     * Gives an option another value from the next step on; resolves once that is durable. See
     * `RunManifest.knobs`.
     */
    change(params: { readonly option: string; readonly value: number }): RunState;
    /** Writes a checkpoint, ends the run and the process; resolves once all is on disk. */
    stop(params: Record<string, never>): RunState;
  };
  events: {
    /** On every change, and at least every half second as a sign of life. */
    state: RunState;
    /** New points since the last event, at most about 30 times a second. */
    metrics: SeriesChunks;
    preview: PreviewFrame;
    /** To those that asked to own the run, whenever the answer changes. */
    control: { readonly control: Control };
    /**
     * This reader was too slow and events were dropped, or the manifest has changed: read the event
     * file on from where you are by calling `attach` again. The trainer waits for nobody.
     */
    lagging: Record<string, never>;
  };
}

/** The editor answers nothing: it asks. */
export interface EditorSide {
  methods: Record<never, never>;
  events: {
    /** A sign of life, each second: an owner that is silent for long counts as gone. */
    alive: Record<string, never>;
  };
}
