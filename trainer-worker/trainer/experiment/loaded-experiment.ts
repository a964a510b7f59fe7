import type { SourceLocation } from '../../../protocol/problem';
import type { Arithmetic, JsonObject, KeptFile } from '../../../protocol/run';
import type { ExperimentSpec } from './experiment';

/** One file that an experiment consists of. */
export interface ExperimentSource {
  /** Absolute path. */
  readonly path: string;
  readonly contents: Uint8Array;
}

/** The parts of an experiment that a problem can point at. */
export type ExperimentPart = 'experiment' | 'data' | 'energy' | 'objective' | 'optimizer';

/** An experiment file, evaluated and validated; nothing of it has run yet. */
export interface LoadedExperiment {
  /** Absolute path of the launched file. */
  readonly file: string;
  readonly experiment: ExperimentSpec;
  /** Everything of the experiment that is data, after overrides and defaults. */
  readonly config: JsonObject;
  /** What was overridden: dotted path → value. */
  readonly overrides: JsonObject;
  /** The launched file first, then the project files it imports; nothing of `node_modules`. */
  readonly sources: readonly ExperimentSource[];
  /** SHA-256 of the launched file, hex. */
  readonly sha256: string;
  /** Where the user's file makes each part, as far as known. */
  readonly locations: Readonly<Partial<Record<ExperimentPart, SourceLocation>>>;
  /** What is likely to be a mistake in the files, with its place. */
  readonly warnings: readonly string[];
  /**
   * The same with more of its options replaced, dotted path → value, checked again.
   *
   * @throws OverrideError of kind `experiment` for an unknown path or a value out of range
   */
  changed(changes: JsonObject): ExperimentSpec;
  /** That of the run that it goes on from or repeats; the newest where absent. */
  readonly arithmetic?: Arithmetic;
  /** The run that keeps what its `initialize` named, and what that was. */
  readonly keptInitial?: KeptFile & { readonly directory: string };
}
