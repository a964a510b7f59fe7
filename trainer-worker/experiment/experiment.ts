/** A validated experiment: all defaults filled in. */
export interface ExperimentSpec {
  readonly name: string;
  readonly batchSize: number;
  readonly steps: number;
  readonly seed: number;
}
