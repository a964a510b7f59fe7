import type { BackendName } from '../../../protocol/backends';
import type { Program } from '../graph/program';
import type { Arrays, Execution } from '../run/execution';
import type { Machine } from './machine';

/** Something that runs compiled programs, and why it was chosen. */
export interface Backend {
  /** What the setting `ebm.backend` calls it. */
  readonly name: BackendName;
  /** One sentence for people: what it is (versions, device) and why it was chosen. */
  readonly reason: string;
  /**
   * Makes a program ready to run.
   *
   * @param initial the state to begin with, by name
   * @throws ProblemError (`environment`) where the backend cannot start it; so do its runs
   */
  start(program: Program, initial?: Arrays): Promise<Execution>;
}

/** Why a backend cannot be had, and what would help. */
export interface Missing {
  /** What was found, a clause: `onnxruntime-node has no library for freebsd-x64`. */
  readonly why: string;
  /** One sentence. */
  readonly remedy: string;
}

/** A backend that is loaded and answers. */
export interface LoadedBackend {
  /** What computes: software, version and device. */
  readonly description: string;
  start(program: Program, initial?: Arrays): Promise<Execution>;
}

/** One row of the table of backends: all that the choice knows of it. */
export interface BackendMethod {
  readonly name: BackendName;
  /** The execution provider of ONNX Runtime that it is, if it is one. */
  readonly provider?: string;
  /** Looks without loading anything: why it cannot work here, or undefined where it may. */
  missing(machine: Machine): Missing | undefined;
  /** Which version it is. */
  version(machine: Machine): string;
  /**
   * The files and folders that its answer depends on: it holds as long as these are as they were. They
   * need not exist, since what is not there may come.
   */
  files(machine: Machine): readonly string[];
  /**
   * Loads it into this process. A driver may crash or hang: `probe.ts` does this in a child first.
   *
   * @throws ProblemError (`environment`) where nothing answers
   */
  load(machine: Machine): Promise<LoadedBackend>;
}
