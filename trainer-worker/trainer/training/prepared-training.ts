import type { DataTransform, KeptFile, ShownRows } from '../../../protocol/run';
import type { NamedTensor } from '../../compiler/graph/named-tensor';
import type { Program } from '../../compiler/graph/program';
import type { TrainingLoop } from './loop';
import type { RunDescription, RunObserver } from './run-observer';

/** An experiment whose data are loaded and whose step is built and tried: ready for step 1. */
export interface PreparedTraining {
  readonly description: RunDescription;
  readonly backend: { readonly name: string; readonly reason: string };
  /** The training step, compiled. */
  readonly program: Program;
  /** What the user should know of the experiment that does not keep it from training. */
  readonly warnings: readonly string[];
  /** How the data were standardised, if they were. */
  readonly transform?: DataTransform;
  /** The parameters to begin with and the file that they are from, where they are from one. */
  readonly initial?: KeptFile & { readonly tensors: readonly NamedTensor[] };
  /** The files that its data are from. */
  readonly dataFiles: readonly KeptFile[];
  /** A subset of the data for the panel, exactly sized. */
  readonly shownData: ShownRows;
  /** The loop, not yet running. To be called once. */
  createLoop(observers: readonly RunObserver[]): TrainingLoop;
}
