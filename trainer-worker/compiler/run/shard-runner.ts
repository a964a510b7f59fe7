import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { NoiseKind, Values } from '../graph/graph';
import { type DType, type Shape, sizeOf } from '../graph/shape';
import type { NoiseKey } from './execution';
import { fillTable } from './noise';

/** What of a value a shard is fed with: all of it, or its part along an axis. */
type Cut = number | 'replicated';

/** A shard's work as data: it crosses to the thread that does it. */
export interface ShardTask {
  /** The shard program as ONNX bytes. */
  readonly model: Uint8Array;
  /** Which of the shards, from 0. */
  readonly shard: number;
  readonly shards: number;
  /** Inputs out of the memory that all threads share: its name there, in the model, and what of it. */
  readonly feeds: readonly {
    readonly name: string;
    readonly part: string;
    readonly dtype: DType;
    readonly shape: Shape;
    readonly cut: Cut;
  }[];
  readonly noise: readonly {
    readonly part: string;
    readonly kind: NoiseKind;
    readonly stream: number;
    /** The first size is -1 where it is the iterations'. */
    readonly shape: Shape;
    readonly cut: Cut;
  }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly shape: Shape;
  }[];
}

/** Arrays over memory that all threads see. */
export interface SharedArrays {
  /** Whole values by name. */
  readonly feeds: Readonly<Record<string, Values>>;
  /** This shard's outputs by name. */
  readonly outputs: Readonly<Record<string, Values>>;
}

/** How much a noise table holds in one run. */
interface TableSize {
  /** The first size of its shape: iterations, where it has a row for each. */
  readonly rows: number;
  /** Of how many steps its noise is, one part after the other. */
  readonly steps: number;
}

/** One run: which random numbers, and how much of them each noise table holds. */
export interface ShardOrder {
  readonly key: NoiseKey;
  readonly tables: readonly TableSize[];
}

/** ONNX Runtime, loaded by whoever runs the shard. */
export interface Runtime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

/** Computes one shard of a program on its own session, which has the thread it is called on. */
export class ShardRunner {
  readonly #runtime: Runtime;
  readonly #task: ShardTask;
  readonly #session: InferenceSession;
  readonly #shared: SharedArrays;
  /** The shard's part of what it is fed and noise, kept from run to run: ONNX Runtime takes no shared memory. */
  readonly #own = new Map<string, Values>();
  readonly #outputs: Readonly<Record<string, Tensor>>;

  private constructor(
    runtime: Runtime,
    task: ShardTask,
    session: InferenceSession,
    shared: SharedArrays,
  ) {
    this.#runtime = runtime;
    this.#task = task;
    this.#session = session;
    this.#shared = shared;
    this.#outputs = Object.fromEntries(
      task.outputs.map(({ name, dtype, shape }) => [
        name,
        this.#tensor(dtype, new arrays[dtype](sizeOf(shape)), shape),
      ]),
    );
  }

  static async start(
    runtime: Runtime,
    task: ShardTask,
    shared: SharedArrays,
  ): Promise<ShardRunner> {
    const session = await runtime.InferenceSession.create(task.model, {
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
    });
    return new ShardRunner(runtime, task, session, shared);
  }

  /** Reads the shared feeds and writes the shard's outputs. */
  async run({ key, tables }: ShardOrder): Promise<void> {
    const { feeds, noise, shard, shards } = this.#task;
    const fed: Record<string, Tensor> = {};
    for (const { name, part, dtype, shape, cut } of feeds) {
      const whole = this.#shared.feeds[name]!;
      const own = partShape(shape, cut, shards);
      const values = this.#kept(part, sizeOf(own), dtype);
      for (const { source, target, length } of runsOf(shape, cut, shard, shards)) {
        values.set(whole.subarray(source, source + length), target);
      }
      fed[part] = this.#tensor(dtype, values, own);
    }
    for (const [index, { part, kind, stream, shape: declared, cut }] of noise.entries()) {
      const { rows, steps } = tables[index]!;
      const shape = declared[0] === -1 ? declared.with(0, rows) : declared;
      const own = partShape(shape, cut, shards);
      const values = this.#kept(part, sizeOf(own), 'float32') as Float32Array;
      for (const run of runsOf(shape, cut, shard, shards)) {
        const target = values.subarray(run.target, run.target + run.length);
        fillTable(target, kind, { ...key, stream }, sizeOf(shape) / steps, run.source);
      }
      fed[part] = this.#tensor('float32', values, own);
    }
    await this.#session.run(fed, this.#outputs);
    for (const [name, { data }] of Object.entries(this.#outputs)) {
      this.#shared.outputs[name]!.set(data as Values);
    }
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }

  #kept(name: string, size: number, dtype: DType): Values {
    let kept = this.#own.get(name);
    if (kept?.length !== size) {
      kept = new arrays[dtype](size);
      this.#own.set(name, kept);
    }
    return kept;
  }

  #tensor(dtype: DType, values: Values, shape: Shape): Tensor {
    return new this.#runtime.Tensor(dtype, values as Float32Array, [...shape]);
  }
}

/** The arrays that hold values of a dtype. */
const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

function partShape(shape: Shape, cut: Cut, shards: number): Shape {
  return cut === 'replicated' ? shape : shape.with(cut, shape[cut]! / shards);
}

/** Where the elements of a shard's part lie in the whole, as runs of neighbours. */
export function runsOf(
  shape: Shape,
  cut: Cut,
  shard: number,
  shards: number,
): { readonly source: number; readonly target: number; readonly length: number }[] {
  if (cut === 'replicated') return [{ source: 0, target: 0, length: sizeOf(shape) }];
  const length = sizeOf(shape.slice(cut)) / shards;
  return Array.from({ length: sizeOf(shape.slice(0, cut)) }, (_, outer) => ({
    source: (outer * shards + shard) * length,
    target: outer * length,
    length,
  }));
}
