import { Worker } from 'node:worker_threads';
import * as onnxruntime from 'onnxruntime-node';
import type { Node, Values } from '../graph/graph';
import { stepsIn, tableShape } from '../graph/noise-source';
import type { Program } from '../graph/program';
import { type Shape, sizeOf } from '../graph/shape';
import { leafName, type ShardedProgram } from '../shard/shard';
import { sharedOut } from '../shard/threads';
import { type Arrays, checkedFeed, type Execution, type NoiseKey } from './execution';
import { programAsOnnx } from './program-as-onnx';
import { Rendezvous } from './rendezvous';
import { OnnxExecution } from './run-onnx';
import { type ShardOrder, ShardRunner, type ShardTask, type SharedArrays } from './shard-runner';
import type { ThreadMessage, ThreadStart } from './shard-thread';
import { source } from './shard-thread?thread';

/**
 * Runs a program on the processor: on one session, or shared out over threads where that is faster.
 *
 * @param from a file from which `onnxruntime-node` is found
 */
export async function runOnProcessor(
  program: Program,
  initial: Arrays,
  from: string,
): Promise<Execution> {
  const sharded = sharedOut(program);
  return sharded === undefined
    ? await OnnxExecution.start(program, initial)
    : await runSharded(program, sharded, initial, from);
}

/**
 * Runs a sharded program on the processor: each shard on a session and a thread of its own, the first
 * on the calling one; then the rest.
 *
 * A session with several threads divides one operation after the other, so they wait for each other
 * hundreds of times a step, and cheap operations are not divided at all. Shards meet once a step.
 *
 * @param from a file from which `onnxruntime-node` is found
 */
export async function runSharded(
  program: Program,
  sharded: ShardedProgram,
  initial: Arrays,
  from: string,
): Promise<Execution> {
  const memory = new SharedMemory(program, sharded);
  const tasks = tasksOf(program, sharded);
  const meeting = Rendezvous.memory(tasks.length - 1, tasks[0]!.noise.length);
  // The threads load and optimize while this one does.
  const others = tasks
    .slice(1)
    .map(
      (task, index) =>
        new ShardThread({ task, shared: memory.of(index + 1), rendezvous: meeting, from }),
    );
  try {
    const rest = await OnnxExecution.start(sharded.rest, initial);
    const first = await ShardRunner.start(onnxruntime, tasks[0]!, memory.of(0));
    await Promise.all(others.map((thread) => thread.ready));
    return new ShardedExecution(program, sharded, memory, rest, first, {
      threads: others,
      rendezvous: new Rendezvous(meeting),
    });
  } catch (error) {
    await Promise.allSettled(others.map((thread) => thread.end()));
    throw error;
  }
}

function tasksOf(program: Program, sharded: ShardedProgram): ShardTask[] {
  const { leaves, crossings, shards } = sharded;
  const model = programAsOnnx({
    inputs: leaves.map(({ part }) => part),
    state: [],
    noise: [],
    outputs: Object.fromEntries(crossings.map(({ name, part }) => [name, part])),
    nextState: {},
    warnings: [],
  });
  const sources = new Map(program.noise.map((each) => [each.node, each]));
  const feeds = leaves
    .filter(({ whole }) => !sources.has(whole))
    .map(({ whole, part, sharding }) => ({
      name: leafName(whole),
      part: leafName(part),
      dtype: whole.dtype,
      shape: whole.shape,
      cut: sharding,
    }));
  const noise = leaves
    .filter(({ whole }) => sources.has(whole))
    .map(({ whole, part, sharding }) => {
      const { kind, stream } = sources.get(whole)!;
      return { part: leafName(part), kind, stream, shape: whole.shape, cut: sharding };
    });
  const outputs = crossings.map(({ name, part: { dtype, shape } }) => ({ name, dtype, shape }));
  return Array.from({ length: shards }, (_, shard) => ({
    model,
    shard,
    shards,
    feeds,
    noise,
    outputs,
  }));
}

/** What the threads hand to each other. */
class SharedMemory {
  readonly feeds: Record<string, Values> = {};
  /** One for each shard. */
  readonly outputs: readonly Record<string, Values>[];

  constructor(program: Program, { leaves, crossings, shards }: ShardedProgram) {
    const sources = new Set(program.noise.map(({ node }) => node));
    for (const { whole } of leaves) {
      if (sources.has(whole)) continue;
      this.feeds[leafName(whole)] ??= sharedArray(whole.dtype, whole.shape);
      const constant = whole.params.values;
      if (constant) this.feeds[leafName(whole)]!.set(constant);
    }
    this.outputs = Array.from({ length: shards }, () =>
      Object.fromEntries(
        crossings.map(({ name, part }) => [name, sharedArray(part.dtype, part.shape)]),
      ),
    );
  }

  of(shard: number): SharedArrays {
    return { feeds: this.feeds, outputs: this.outputs[shard]! };
  }
}

const sharedArrays = {
  float32: (size: number) => new Float32Array(new SharedArrayBuffer(4 * size)),
  int32: (size: number) => new Int32Array(new SharedArrayBuffer(4 * size)),
  bool: (size: number) => new Uint8Array(new SharedArrayBuffer(size)),
} as const;

function sharedArray(dtype: Node['dtype'], shape: Shape): Values {
  return sharedArrays[dtype](sizeOf(shape));
}

/** A thread with its shard. */
class ShardThread {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  #failure: Error | undefined;

  constructor(start: ThreadStart) {
    this.#worker = new Worker(source, { eval: true, workerData: start });
    this.ready = new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.#failure ??= error;
        reject(error);
      };
      this.#worker.on('message', ({ error }: ThreadMessage) => {
        if (error === undefined) resolve();
        else fail(new Error(error));
      });
      this.#worker.on('error', fail);
      this.#worker.on('exit', () => fail(new Error('A computing thread has ended.')));
    });
    // It waits for orders for good; that alone is no reason for the process to live.
    this.ready.then(
      () => this.#worker.unref(),
      () => undefined,
    );
  }

  /** Throws where the thread has failed. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** The shards on threads of their own, and where one meets them. */
interface OtherShards {
  readonly threads: readonly ShardThread[];
  readonly rendezvous: Rendezvous;
}

class ShardedExecution implements Execution {
  readonly shards: number;
  readonly #program: Program;
  readonly #sharded: ShardedProgram;
  readonly #memory: SharedMemory;
  readonly #rest: OnnxExecution;
  readonly #first: ShardRunner;
  readonly #others: OtherShards;
  /** State that the shards read. */
  readonly #sharedState: readonly string[];
  #isStateShared = false;

  constructor(
    program: Program,
    sharded: ShardedProgram,
    memory: SharedMemory,
    rest: OnnxExecution,
    first: ShardRunner,
    others: OtherShards,
  ) {
    this.shards = sharded.shards;
    this.#program = program;
    this.#sharded = sharded;
    this.#memory = memory;
    this.#rest = rest;
    this.#first = first;
    this.#others = others;
    this.#sharedState = program.state.map(leafName).filter((name) => name in memory.feeds);
  }

  async run(feeds: Arrays, key: NoiseKey, accept?: (outputs: Arrays) => boolean): Promise<Arrays> {
    for (const node of this.#program.inputs) {
      const { name, values } = checkedFeed(node, feeds);
      this.#memory.feeds[name]?.set(values);
    }
    if (!this.#isStateShared) {
      for (const name of this.#sharedState) {
        this.#memory.feeds[name]!.set(this.#rest.stateOf(name));
      }
      this.#isStateShared = true;
    }
    const order = { key, tables: this.#tables(feeds) };
    const { threads, rendezvous } = this.#others;
    const check = () => {
      for (const thread of threads) thread.check();
    };
    check();
    const number = rendezvous.order(order);
    // A failure here leaves nobody at work behind.
    const [own] = await Promise.allSettled([this.#first.run(order)]);
    await rendezvous.answers(number, check);
    if (own.status === 'rejected') throw own.reason;
    return await this.#rest.run({ ...feeds, ...this.#crossings() }, key, (outputs) => {
      const isAccepted = accept?.(outputs) ?? true;
      if (isAccepted) this.#isStateShared = false;
      return isAccepted;
    });
  }

  readState(): Promise<Arrays> {
    return this.#rest.readState();
  }

  writeState(state: Arrays): void {
    this.#rest.writeState(state);
    this.#isStateShared = false;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#others.threads.map((thread) => thread.end()));
    await this.#first.dispose();
    await this.#rest.dispose();
  }

  /** Sizes of the shards' noise tables, in their order. */
  #tables(feeds: Arrays): ShardOrder['tables'] {
    const { noise: drawn, noiseByIteration } = this.#program;
    const sources = new Map(drawn.map((each) => [each.node, each]));
    return this.#sharded.leaves.flatMap(({ whole }) => {
      const noise = sources.get(whole);
      if (noise === undefined) return [];
      const steps = stepsIn(noise, feeds, noiseByIteration);
      return [{ rows: tableShape(noise, feeds)[0] ?? 1, steps }];
    });
  }

  /** Copies of what the shards made: ONNX Runtime takes no shared memory. */
  #crossings(): Arrays {
    const entries = this.#sharded.crossings.flatMap(({ name, inputs }) =>
      inputs.map(
        (node, shard) => [leafName(node), this.#memory.outputs[shard]![name]!.slice()] as const,
      ),
    );
    return Object.fromEntries(entries);
  }
}
