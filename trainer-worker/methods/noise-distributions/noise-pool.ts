import type { Arithmetic, KeptFile } from '../../../protocol/run';
import type { IsUserFile } from '../../compiler/trace/source-location';
import type { Dataset } from '../data/dataset';
import type { NoiseContext } from './noise-distribution';

/** Draws of noise that are all there is of it, for the whole of a run. @internal */
export interface NoisePool {
  /** `[m, D]` draws. */
  readonly rows: Float32Array;
  /** The log-densities in nats of the draws, `[m]`, and of the training rows, `[n]`, where no function knows them. */
  readonly logDensities?: { readonly ofDraws: Float32Array; readonly ofData: Float32Array };
  /**
   * `[n]`: which ν draws are those of each training row, where rows have draws of their own: group g
   * begins at draw νg. Default: its index.
   */
  readonly groups?: Uint32Array;
  /** The files that it was read from. */
  readonly files: readonly KeptFile[];
  /** What the user should know of them. */
  readonly warnings: readonly string[];
}

/** What a pool is made for. @internal */
export interface PoolRun extends NoiseContext {
  /** The folder of the experiment file; paths are relative to it. */
  readonly directory: string;
  /** How the rows of the data were scaled, if they were. */
  readonly scaling?: Pick<Dataset, 'transform' | 'logScale' | 'image'>;
  /** Names of the columns of the data, `[D]`, where they are known. */
  readonly axes?: readonly string[];
  /** All rows of the data's file, those held out among them, where `rowNumbers` count them. */
  readonly fileRows?: number;
  /** Which files are the user's, for the places that errors name. */
  readonly isUserFile?: IsUserFile;
  /** Which of equal expressions are computed; the newest where absent. */
  readonly arithmetic?: Arithmetic;
}
