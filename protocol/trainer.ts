/** What the extension and a trainer process say to each other over the trainer's socket. */
import type { PreviewFrame, RunManifest, RunState, SeriesChunks } from './run';

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
}

/** The trainer answers these and emits these. */
export interface TrainerSide {
  methods: {
    /**
     * Subscribes the caller. Resolves when the run has begun to train; rejects with the problem
     * when the experiment cannot be loaded, and the process then ends by itself.
     */
    attach(params: Record<string, never>): Attachment;
    /** Resolves once the loop stands still between two steps. */
    pause(params: Record<string, never>): RunState;
    resume(params: Record<string, never>): RunState;
    /** Writes a checkpoint between two steps, also while paused; resolves once it is durable. */
    checkpoint(params: Record<string, never>): RunState;
    /** Writes a checkpoint, ends the run and the process; resolves once all is on disk. */
    stop(params: Record<string, never>): RunState;
  };
  events: {
    /** On every change, and at least every half second as a sign of life. */
    state: RunState;
    /** New points since the last event, at most about 30 times a second. */
    metrics: SeriesChunks;
    preview: PreviewFrame;
    /**
     * This reader was too slow and events were dropped, or the manifest has changed: read the event
     * file on from where you are by calling `attach` again. The trainer waits for nobody.
     */
    lagging: Record<string, never>;
  };
}

/** The editor answers nothing and emits nothing: it asks. */
export interface EditorSide {
  methods: Record<never, never>;
  events: Record<never, never>;
}
