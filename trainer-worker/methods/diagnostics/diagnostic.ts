import type { MetricInfo } from '../../../protocol/run';
import type { Bounds } from '../data/bounds';
import type { Dataset } from '../data/dataset';
import type { Rows } from '../data/rows';
import type { Estimate } from './estimate';
import type { SmallSpace, SpaceMeasure } from './small-space';

/** What a diagnostic may be prepared from. */
export interface DiagnosticContext {
  readonly dataset: Dataset;
  /** The shown window; its length is D. */
  readonly bounds: Bounds;
  /** Where the space is small enough to sum or to integrate over. */
  readonly space?: SmallSpace;
  readonly seed: number;
  /** Whether the shown chains stand still once their iterations are done. */
  readonly chainsEnd?: boolean;
  /** Whether the energy knows its log Z exactly. */
  readonly knowsPartition?: boolean;
  /** Whether its energies are bounds: nowhere below those that its log Z is of. */
  readonly isBound?: boolean;
  /** How many classes the energy tells apart; 0 where none. */
  readonly classes?: number;
  /** Whether the model has scores at all noise levels, and so a probability flow. */
  readonly hasFlow?: boolean;
  /** Rows of other data, in model space, that held-out ones are told from. */
  readonly others?: Rows;
}

/** Where chains pass. */
export interface ChainRecord {
  /** `[draws, chains, quantities]`: at each point its energy, then coordinates. */
  readonly values: Float32Array;
  /** Iterations, one after the other. */
  readonly draws: number;
  /** How many chains were followed. */
  readonly chains: number;
  /** The energy and the coordinates: D + 1. */
  readonly quantities: number;
}

/** What chains weigh that annealed between independent numbers and the model. */
export interface Annealing {
  /** log Z of the independent numbers. */
  readonly logBase: number;
  /** Logarithms of weights, one for each chain: their mean is one of Z over that of the base, */
  readonly toModel: Float32Array;
  /** and of its inverse. */
  readonly toBase: Float32Array;
}

/** The model at a preview. */
export interface Subject {
  /** `[n, D]` ends of the shown chains. */
  readonly samples: Float32Array;
  /** Energies of the held-out rows, `[m]`; evaluated once, however many ask. */
  heldOutEnergies(): Promise<Float32Array>;
  /**
   * What the model is over all of a small space; integrated once, however many ask.
   *
   * @throws Error where the space is not small
   */
  inSpace(): Promise<SpaceMeasure>;
  /** Energies of `[n, D]` points, `[n]`. */
  energy(points: Rows): Promise<Float32Array>;
  /**
   * Energies of `[n, D]` points of each class, `[n, classes]`, of energies that have some.
   *
   * @throws Error where there are none
   */
  classEnergies?(points: Rows): Promise<Float32Array>;
  /** Scores -dE/dx of `[n, D]` points, `[n, D]`. */
  score(points: Float32Array): Promise<Float32Array>;
  /**
   * Log-densities of `[n, D]` points under the probability flow, `[n]` nats, where there is one.
   *
   * @throws Error where there is none
   */
  flowLogDensity(points: Float32Array): Promise<Float32Array>;
  /** log Z where the energy knows it exactly, else `undefined`; computed once, however many ask. */
  logPartition(): Promise<number | undefined>;
  /** Chains between independent numbers and the model, where the energy has a path there. */
  anneal(): Promise<Annealing | undefined>;
  /** Moves some of the shown chains on and gives what they pass. */
  record(): Promise<ChainRecord>;
}

/** A measure of a model, taken at each preview. */
export interface Diagnostic {
  readonly metrics: readonly MetricInfo[];
  /**
   * Values by the names of {@link metrics}. The error of an {@link Estimate} is the value of the metric
   * that {@link withError} declares.
   */
  measure(subject: Subject): Promise<Readonly<Record<string, number | Estimate>>>;
}

/** One row of the table of diagnostics. */
export interface DiagnosticMethod {
  /** What it needs where it cannot be taken: `data whose density is known`. */
  readonly needs: string;
  /** `undefined` where it cannot be taken. */
  prepare(context: DiagnosticContext): Diagnostic | undefined;
}
