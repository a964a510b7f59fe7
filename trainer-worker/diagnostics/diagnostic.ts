import type { MetricInfo } from '../../protocol/run';
import type { Bounds } from '../data/bounds';
import type { Dataset } from '../data/dataset';
import type { Quadrature } from './quadrature';

/** What a diagnostic may be prepared from. */
export interface DiagnosticContext {
  readonly dataset: Dataset;
  /** The shown window; its length is D. */
  readonly bounds: Bounds;
  /** Where the space is small enough to sum over. */
  readonly quadrature?: Quadrature;
  readonly seed: number;
  /** Whether the shown chains stand still once their iterations are done. */
  readonly chainsEnd?: boolean;
  /** Whether the model has scores at all noise levels, and so a probability flow. */
  readonly hasFlow?: boolean;
}

/** Where chains pass. */
export interface ChainRecord {
  /** `[draws, chains, quantities]`: at each point its energy, then coordinates. */
  readonly values: Float32Array;
  /** Iterations, one after the other. */
  readonly draws: number;
  readonly chains: number;
  readonly quantities: number;
}

/** The model at a preview. */
interface Subject {
  /** `[n, D]` ends of the shown chains. */
  readonly samples: Float32Array;
  /** Energies at the points of the quadrature, where there is one. */
  readonly quadratureEnergies?: Float32Array;
  /** Energies of `[n, D]` points, `[n]`. */
  energy(points: Float32Array): Promise<Float32Array>;
  /** Scores -dE/dx of `[n, D]` points, `[n, D]`. */
  score(points: Float32Array): Promise<Float32Array>;
  /**
   * Log-densities of `[n, D]` points under the probability flow, `[n]` nats, where there is one.
   *
   * @throws Error where there is none
   */
  flowLogDensity(points: Float32Array): Promise<Float32Array>;
  /** Moves some of the shown chains on and gives what they pass. */
  record(): Promise<ChainRecord>;
}

/** A measure of a model, taken at each preview. */
export interface Diagnostic {
  readonly metrics: readonly MetricInfo[];
  /** A value for each of {@link metrics}, by name. */
  measure(subject: Subject): Promise<Readonly<Record<string, number>>>;
}

/** One row of the table of diagnostics. */
export interface DiagnosticMethod {
  /** What it needs where it cannot be taken: `data whose density is known`. */
  readonly needs: string;
  /** `undefined` where it cannot be taken. */
  prepare(context: DiagnosticContext): Diagnostic | undefined;
}
