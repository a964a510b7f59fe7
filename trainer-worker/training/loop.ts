import type { RunState } from '../../protocol/run';

/** Runs training steps, one after another, and tells its observers. */
export declare class TrainingLoop {
  get state(): RunState;
  /** Trains until the last step or until stopped. To be called once. Rejects on a failure. */
  run(): Promise<'finished' | 'stopped'>;
  /** Resolves once the loop stands still between two steps. */
  pause(): Promise<RunState>;
  resume(): RunState;
  /** Writes a checkpoint and ends the run; resolves once that is durable. */
  stop(): Promise<RunState>;
}
