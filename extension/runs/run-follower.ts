import type { Disposable } from 'vscode-jsonrpc';
import type { PreviewFrame, SeriesChunks } from '../../protocol/run';
import type { Attachment } from '../../protocol/trainer';

/** How this window hears of a living run and asks things of its trainer. Disposing it never ends the run. */
export interface RunFollower {
  /** New points, in order; after a gap, some before them are on disk only. */
  onSeries(listener: (series: SeriesChunks) => void): Disposable;
  onPreview(listener: (preview: PreviewFrame) => void): Disposable;
  /**
   * From now on events continue at `eventBytes` of the event file. Fires on each attachment, whoever
   * asked for it: what came before is on disk, and not all of it came as events.
   */
  onAttached(listener: (attachment: Attachment) => void): Disposable;
  /** Events were dropped: nothing that comes before the next attachment continues what came so far. */
  onGap(listener: () => void): Disposable;
  /** Fires once, when the run has ended one way or another; the run's state says how. */
  onEnded(listener: () => void): Disposable;
  /** Subscribes anew: resolves with where the live events continue. */
  attach(): Promise<Attachment>;
  /** Resolves once the loop stands still between two steps. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Trains one step; resolves once the loop stands still again. */
  step(): Promise<void>;
  /** Writes a checkpoint between two steps; resolves once it is durable. */
  checkpoint(): Promise<void>;
  /** Gives an option another value between two steps; resolves once it is durable. */
  change(option: string, value: number): Promise<void>;
  /** Ends the run with a checkpoint. */
  stop(): Promise<void>;
  /** Controls the run from here, whoever did so before. */
  takeOver(): Promise<void>;
  /** Tells the trainer anew what is to become of the run when this window is closed. */
  renewWish(): Promise<void>;
  /** Lets go of the trainer, which trains on. Idempotent. */
  dispose(): void;
}
