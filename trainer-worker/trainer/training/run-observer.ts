import type {
  KnobChange,
  MetricInfo,
  PreviewFrame,
  PreviewLayout,
  RunState,
} from '../../../protocol/run';
import type { NamedTensor } from '../../compiler/graph/named-tensor';

/**
 * Who hears what a training loop does: the recorder (disk), the server (socket), the progress bar.
 * The loop calls them in order, synchronously, and waits for nothing but `checkpoint` and `preview`.
 */
export interface RunObserver {
  /** The status, the step or the speed changed. */
  state?(state: RunState): void;
  /** Values of one completed step, by metric name. `wallTime` in seconds since the epoch. */
  metrics?(step: number, values: Readonly<Record<string, number>>, wallTime: number): void;
  /** A preview is ready. Rejects with a `storage` problem when it cannot be kept: the loop pauses. */
  preview?(frame: PreviewFrame): Promise<void>;
  /** What a preview looked like beside its numbers; comes after some of the previews. */
  snapshot?(snapshot: ModelSnapshot): void;
  /** Something that the user should know happened while it trains on. */
  notice?(text: string): void;
  /** The loop wants this state durable. Rejects with a `storage` problem when it cannot be. */
  checkpoint?(checkpoint: Checkpoint): Promise<void>;
  /**
   * An option is to be changed from the next step on, after which `metrics` are measured. Rejects where that
   * cannot be kept: it is not changed then.
   */
  change?(change: KnobChange, metrics: readonly MetricInfo[]): Promise<void>;
  /** Tries again to keep what it could not. Rejects with a `storage` problem when it still cannot. */
  recordAgain?(): Promise<void>;
}

/** A model at a preview, for whoever keeps pictures of it. */
export interface ModelSnapshot {
  readonly frame: PreviewFrame;
  /** Seconds since the epoch. */
  readonly wallTime: number;
  /** Numbers whose distribution tells something, by name: `energies/samples`. */
  readonly distributions: Readonly<Record<string, Float32Array>>;
}

/** All that a training step needs to go on bit for bit: parameters, optimizer, buffer, counters. */
export interface Checkpoint {
  readonly step: number;
  readonly tensors: readonly NamedTensor[];
  /** Counters and seeds, as strings because safetensors metadata is strings. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is known of a run once its experiment is loaded and its step is built, before step 1. */
export interface RunDescription {
  readonly metrics: readonly MetricInfo[];
  readonly preview: PreviewLayout;
}
