import type { JsonObject } from '../../protocol/run';
import type { LoadedExperiment } from './loaded-experiment';

export interface LoadOptions {
  /** Dotted path → value: `{ 'optimizer.learningRate': 3e-4 }`. */
  readonly overrides?: JsonObject;
  /** Longest time the file's own code may take to load, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number;
}

/**
 * Bundles, evaluates and validates an experiment file.
 *
 * @throws ProblemError of kind `experiment` that says where in the user's file the trouble is
 */
export declare function loadExperiment(
  file: string,
  options?: LoadOptions,
): Promise<LoadedExperiment>;
