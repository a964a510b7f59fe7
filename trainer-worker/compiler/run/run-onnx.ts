import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Node, Values } from '../graph/graph';
import type { Program } from '../graph/program';
import { type Shape, sizeOf } from '../graph/shape';
import { type PackedState, packState } from '../passes/pack-state';
import { threadsFor } from '../shard/threads';
import { type Arrays, checkedFeed, type Execution, FeedBuilder, type NoiseKey } from './execution';
import { nextName, programAsOnnx } from './program-as-onnx';

export interface OnnxOptions {
  /** Threads for one operation; as many as the program keeps busy where absent. */
  readonly threads?: number;
  readonly executionProviders?: readonly string[];
  /**
   * Threads wait for work by spinning. A little faster on an otherwise idle machine, and several
   * times slower where anything else runs: off where absent.
   */
  readonly spinning?: boolean;
}

/**
 * Runs a program as one ONNX Runtime graph. State lives in two sets of buffers that a run reads from
 * and writes to in turn, so that a step allocates nothing.
 *
 * @param initial the state to begin with, by name
 */
export async function runOnOnnx(
  program: Program,
  initial: Arrays = {},
  options: OnnxOptions = {},
): Promise<Execution> {
  return await OnnxExecution.start(program, initial, options);
}

/** A program as one session of ONNX Runtime; see {@link runOnOnnx}. */
export class OnnxExecution implements Execution {
  readonly shards: number | undefined;
  readonly #program: Program;
  readonly #session: InferenceSession;
  readonly #feeds: FeedBuilder;
  readonly #packed: readonly PackedState[];
  readonly #outputs: Record<string, Tensor>;
  /** The state that the next run reads. */
  #current: Record<string, Tensor> = {};
  /** Buffers that the next run writes. */
  #next: Record<string, Tensor>;

  static async start(
    program: Program,
    initial: Arrays = {},
    options: OnnxOptions = {},
  ): Promise<OnnxExecution> {
    const { program: packed, packed: vectors } = packState(program);
    const isOnProcessor = (options.executionProviders ?? ['cpu']).every((name) => name === 'cpu');
    const model = programAsOnnx(packed, isOnProcessor ? 'processor' : 'gpu');
    const session = await InferenceSession.create(model, {
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      // Warnings here speak of rewrites that ONNX Runtime would like; nobody can act on them.
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: options.spinning ? '1' : '0' } } },
      intraOpNumThreads: options.threads ?? threadsFor(program),
      ...(options.executionProviders ? { executionProviders: options.executionProviders } : {}),
    });
    const shards = isOnProcessor ? 1 : undefined;
    return new OnnxExecution(program, packed, vectors, session, initial, shards);
  }

  private constructor(
    program: Program,
    run: Program,
    packed: readonly PackedState[],
    session: InferenceSession,
    initial: Arrays,
    shards: number | undefined,
  ) {
    this.shards = shards;
    this.#program = program;
    this.#packed = packed;
    this.#session = session;
    this.#feeds = new FeedBuilder(program);
    this.#outputs = buffersFor(program.outputs);
    this.#next = buffersFor(run.nextState);
    this.writeState(initial);
  }

  async run(feeds: Arrays, key: NoiseKey, accept?: (outputs: Arrays) => boolean): Promise<Arrays> {
    const fed: Record<string, Tensor> = { ...this.#current };
    for (const { name, node, shape, values } of this.#feeds.build(feeds, key)) {
      fed[name] = tensor(node.dtype, values, shape);
    }
    const fetched: Record<string, Tensor> = { ...this.#outputs };
    for (const [name, buffer] of Object.entries(this.#next)) fetched[nextName(name)] = buffer;
    await this.#session.run(fed, fetched);
    const outputs: Record<string, Values> = {};
    for (const [name, buffer] of Object.entries(this.#outputs)) {
      outputs[name] = (buffer.data as Values).slice();
    }
    if (accept?.(outputs) ?? true) {
      this.#fill(this.#next);
      [this.#current, this.#next] = [this.#next, this.#current];
    }
    return outputs;
  }

  async readState(): Promise<Arrays> {
    return Object.fromEntries(
      this.#program.state.map((node) => {
        const name = node.params.name!;
        return [name, this.stateOf(name).slice()];
      }),
    );
  }

  /** A state tensor's values, not copied: good until the next run. */
  stateOf(name: string): Values {
    const alone = this.#current[name];
    if (alone !== undefined) return alone.data as Values;
    for (const { leaf, parts } of this.#packed) {
      const part = parts.find((each) => each.name === name);
      if (part === undefined) continue;
      const vector = this.#current[leaf.params.name!]!.data as Values;
      return vector.subarray(part.begin, part.begin + part.size);
    }
    throw new Error(`There is no state '${name}'.`);
  }

  writeState(state: Arrays): void {
    const given = new Map(
      this.#program.state.map((node) => {
        const { name, shape, values } = checkedFeed(node, state);
        return [name, { dtype: node.dtype, shape, values }] as const;
      }),
    );
    const current: Record<string, Tensor> = {};
    for (const { leaf, parts } of this.#packed) {
      const vector = new Float32Array(sizeOf(leaf.shape));
      for (const { name, begin } of parts) {
        vector.set(given.get(name)!.values, begin);
        given.delete(name);
      }
      current[leaf.params.name!] = tensor(leaf.dtype, vector, leaf.shape);
    }
    for (const [name, { dtype, shape, values }] of given) {
      current[name] = tensor(dtype, values.slice(), shape);
    }
    this.#fill(current);
    this.#current = current;
  }

  /** Writes what lies between the parts of packed state. */
  #fill(state: Readonly<Record<string, Tensor>>): void {
    for (const { leaf, fillings } of this.#packed) {
      const vector = state[leaf.params.name!]!.data as Values;
      for (const { begin, size, value } of fillings) vector.fill(value, begin, begin + size);
    }
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

function tensor(dtype: Node['dtype'], values: Values, shape: Shape): Tensor {
  return new Tensor(dtype, values as Float32Array, [...shape]);
}

function buffersFor(results: Readonly<Record<string, Node>>): Record<string, Tensor> {
  const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
  return Object.fromEntries(
    Object.entries(results).map(([name, { dtype, shape }]) => [
      name,
      tensor(dtype, new arrays[dtype](sizeOf(shape)), shape),
    ]),
  );
}
