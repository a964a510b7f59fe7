import type { DataTransform, ImageLayout, KeptFile } from '../../../protocol/run';
import type { Bounds } from './bounds';
import type { Category } from './categories';
import type { Domain } from './domain';
import type { Rows } from './rows';

/** The class of each row, as an index into `classes`. */
export interface DataLabels {
  /** What people call each class. */
  readonly classes: readonly string[];
  /** `[n]` class indices of the training rows. */
  readonly training: Float32Array;
  /** `[m]` class indices of the held-out rows. */
  readonly heldOut: Float32Array;
}

/**
 * The exact log-density (log-probability, for binary and categorical data) of one point of D numbers, in nats and in
 * model space; `-Infinity` where no data can be.
 */
export type LogDensity = (point: ArrayLike<number>) => number;

/** log |∂ raw / ∂ model| in nats: of all points, or of each `[D]` point. */
type LogScale = number | ((point: ArrayLike<number>) => number);

/** Rows of numbers, split for training and for held-out measures; all in model space. */
export interface Dataset {
  /** D, the numbers in a row. */
  readonly dimensions: number;
  /** One name per dimension. */
  readonly axes: readonly string[];
  readonly domain: Domain;
  /** What rows of categorical data are made of, and of no others: their levels are the D columns. */
  readonly categories?: readonly Category[];
  /** What the codes of a row are as an image, for categorical data that are one. */
  readonly codeImage?: ImageLayout;
  /** `[n, D]`, row-major. */
  readonly training: Rows;
  /** `[n]`: which row of its file each training row is, from 1, where all rows of one are used. */
  readonly trainingNumbers?: Uint32Array;
  /** `[m, D]`, row-major; never trained on. */
  readonly heldOut: Rows;
  /** `[m]`: the same of the held-out rows. */
  readonly heldOutNumbers?: Uint32Array;
  /** Where the rows belong to classes. */
  readonly labels?: DataLabels;
  /** The distribution that the rows were drawn from, where it is known. */
  readonly logDensity?: LogDensity;
  /** How raw values became these, if they were standardised. */
  readonly transform?: DataTransform;
  /**
   * log |∂ raw / ∂ model| in nats, Σ log scale over the dimensions: a log-density of these rows less this
   * is one per units of the file. A function of a row where it depends on that. 0 where absent: rows are as
   * they were given, or it is of probabilities.
   */
  readonly logScale?: LogScale;
  /** What a row is as an image, if it is one. */
  readonly image?: ImageLayout;
  /** The window that is shown and in which chains begin. Default: around all rows, see `boundsOf`. */
  readonly bounds?: Bounds;
  /** The files that it was read from, if any. */
  readonly files?: readonly KeptFile[];
  /** What the user should know of them that does not keep them from being trained on. */
  readonly warnings?: readonly string[];
  /** How far what the user asked for went, where that may surprise. */
  readonly notes?: readonly string[];
}

/** What a data source needs to know of the run that it is for. */
export interface DataContext {
  /** The folder of the experiment file; paths of data are relative to it. */
  readonly directory: string;
  readonly seed: number;
  /** Bytes that rows may take, and what is made of them. Default: most of what is free. */
  readonly memory?: number;
}
