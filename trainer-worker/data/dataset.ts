import type { DataTransform } from '../../protocol/run';

/** Rows of numbers, split for training and for held-out measures; all in model space. */
export interface Dataset {
  /** D, the numbers in a row. */
  readonly dimensions: number;
  /** One name per dimension. */
  readonly axes: readonly string[];
  /** `[n, D]`, row-major. */
  readonly training: Float32Array;
  /** `[m, D]`, row-major; never trained on. */
  readonly heldOut: Float32Array;
  /** How raw values became these, if they were standardised. */
  readonly transform?: DataTransform;
}

/** What a data source needs to know of the run that it is for. */
export interface DataContext {
  /** The folder of the experiment file; paths of data are relative to it. */
  readonly directory: string;
  readonly seed: number;
}
