import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Node, Values } from '../graph/graph';
import type { Program } from '../graph/program';
import { type Shape, sizeOf } from '../graph/shape';
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
    const isOnProcessor = (options.executionProviders ?? ['cpu']).every((name) => name === 'cpu');
    const model = programAsOnnx(program, isOnProcessor ? 'processor' : 'gpu');
    const session = await InferenceSession.create(model, {
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      // Warnings here speak of rewrites that ONNX Runtime would like; nobody can act on them.
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: options.spinning ? '1' : '0' } } },
      intraOpNumThreads: options.threads ?? threadsFor(program),
      ...(options.executionProviders ? { executionProviders: options.executionProviders } : {}),
    });
    return new OnnxExecution(program, session, initial, isOnProcessor ? 1 : undefined);
  }

  private constructor(
    program: Program,
    session: InferenceSession,
    initial: Arrays,
    shards: number | undefined,
  ) {
    this.shards = shards;
    this.#program = program;
    this.#session = session;
    this.#feeds = new FeedBuilder(program);
    this.#outputs = buffersFor(program.outputs);
    this.#next = buffersFor(program.nextState);
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
    if (accept?.(outputs) ?? true) [this.#current, this.#next] = [this.#next, this.#current];
    return outputs;
  }

  async readState(): Promise<Arrays> {
    return Object.fromEntries(
      Object.entries(this.#current).map(([name, kept]) => [name, (kept.data as Values).slice()]),
    );
  }

  /** A state tensor's values, not copied: good until the next run. */
  stateOf(name: string): Values {
    return this.#current[name]!.data as Values;
  }

  writeState(state: Arrays): void {
    const entries = this.#program.state.map((node) => {
      const { name, shape, values } = checkedFeed(node, state);
      return [name, tensor(node.dtype, values.slice(), shape)] as const;
    });
    this.#current = Object.fromEntries(entries);
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
