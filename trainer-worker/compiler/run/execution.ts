import { ProblemError } from '../../../protocol/problem';
import type { Node, Values } from '../graph/graph';
import { stepsIn, tableShape } from '../graph/noise-source';
import type { Program } from '../graph/program';
import { formatShape, type Shape, sizeOf } from '../graph/shape';
import { fillTable } from './noise';

/** Numbers of tensors on the host by name, row-major. */
export type Arrays = Readonly<Record<string, Values>>;

/** Which random numbers a run draws: the same key, the same numbers, on every backend. */
export interface NoiseKey {
  /** The run's seed, 0 … 2^53 - 1. */
  readonly seed: number;
  /** The training step, 0 … 2^53 - 1. */
  readonly step: number;
}

/** A program on a backend. One run at a time. */
export interface Execution {
  /** Into how many parts a batch is cut, on which the last bits of the results depend; absent: never. */
  readonly shards?: number | undefined;
  /**
   * Runs the program once and keeps the new state, unless `accept` says no to the outputs.
   *
   * @param feeds one array for each input, row-major, as long as its shape says
   * @returns fresh arrays, by output name
   * @throws ProblemError (`experiment`) where an input is missing or has the wrong length
   */
  run(feeds: Arrays, key: NoiseKey, accept?: (outputs: Arrays) => boolean): Promise<Arrays>;
  /** Copies of the state, by name. */
  readState(): Promise<Arrays>;
  /** Replaces the state; all of it, by name. */
  writeState(state: Arrays): void;
  /** Frees what the backend holds. */
  dispose(): Promise<void>;
}

/** One array to hand to a backend. */
export interface Feed {
  readonly node: Node;
  readonly name: string;
  readonly shape: Shape;
  readonly values: Values;
}

/** Checks what is fed and fills the noise: all that a run needs beside its state. */
export class FeedBuilder {
  readonly #program: Program;
  readonly #tables = new Map<string, Float32Array>();

  constructor(program: Program) {
    this.#program = program;
  }

  build(feeds: Arrays, key: NoiseKey): Feed[] {
    const fed = this.#program.inputs.map((node) => checkedFeed(node, feeds));
    const noise = this.#program.noise.map((source): Feed => {
      const name = source.node.params.name!;
      const shape = tableShape(source, feeds);
      let values = this.#tables.get(name);
      // Tables are kept: allocating megabytes a step would keep the garbage collector busy.
      if (values === undefined || values.length !== sizeOf(shape)) {
        values = new Float32Array(sizeOf(shape));
        this.#tables.set(name, values);
      }
      const steps = stepsIn(source, feeds, this.#program.noiseByIteration);
      const { kind, stream } = source;
      fillTable(values, kind, { ...key, stream }, values.length / steps);
      return { node: source.node, name, shape, values };
    });
    return [...fed, ...noise];
  }
}

/** The array for an input or state node, of the right kind and length. */
export function checkedFeed(node: Node, feeds: Arrays): Feed {
  const name = node.params.name!;
  const values = feeds[name];
  const wanted = `${sizeOf(node.shape)} numbers (${node.dtype} ${formatShape(node.shape)})`;
  const kind = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[node.dtype];
  if (values instanceof kind && values.length === sizeOf(node.shape)) {
    return { node, name, shape: node.shape, values };
  }
  const found = values ? `${values.constructor.name} of length ${values.length}` : 'nothing';
  throw new ProblemError({
    kind: 'experiment',
    message: `The input ${name} needs ${wanted}; ${found} was given.`,
  });
}
