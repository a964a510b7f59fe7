import type { Node } from './graph';
import type { NoiseSource } from './noise-source';

/** Rows that may be shared out over threads. */
export interface Batch {
  readonly rows: number;
  /**
   * Into so many shards, where that is settled already: the last bits of the results depend on it, and
   * what goes on must go on as it began.
   */
  readonly shards?: number;
}

/** A traced and simplified program, ready for any backend. */
export interface Program {
  /** The input nodes: what is fed, what is kept, and noise tables. */
  readonly inputs: readonly Node[];
  readonly state: readonly Node[];
  readonly noise: readonly NoiseSource[];
  /** See `ProgramDefinition.noiseByIteration`. */
  readonly noiseByIteration?: boolean;
  /** Name of an output → its node. */
  readonly outputs: Readonly<Record<string, Node>>;
  /** Name of a state tensor → the node of its next value. */
  readonly nextState: Readonly<Record<string, Node>>;
  /** Rows that backends may share out; see `shard/shard.ts`. */
  readonly batch?: Batch;
  readonly warnings: readonly string[];
}
