import type { LoadedExperiment } from '../experiment/loaded-experiment';
import type { PreparedTraining } from './prepared-training';

/**
 * Loads the data, builds the training step and tries it.
 *
 * @throws ProblemError of kind `experiment` or `data` that says what is wrong and where
 */
export declare function prepareTraining(loaded: LoadedExperiment): Promise<PreparedTraining>;
