/** What a thread that computes a shard runs; `run-sharded.ts` starts it. */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import {
  type Runtime,
  type ShardOrder,
  ShardRunner,
  type ShardTask,
  type SharedArrays,
} from './shard-runner';

/** What the thread is started with. */
export interface ThreadStart {
  readonly task: ShardTask;
  readonly shared: SharedArrays;
  /** A file from which `onnxruntime-node` is found. */
  readonly from: string;
}

/** What it answers once when it is ready and once for each order: nothing, or why it failed. */
export interface ThreadAnswer {
  readonly error?: string;
}

const { task, shared, from } = workerData as ThreadStart;

async function answered(work: () => Promise<void>): Promise<void> {
  let answer: ThreadAnswer = {};
  try {
    await work();
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
}

let runner: ShardRunner | undefined;
parentPort?.on('message', (order: ShardOrder) => {
  void answered(async () => runner?.run(order));
});
void answered(async () => {
  const runtime = createRequire(from)('onnxruntime-node') as Runtime;
  runner = await ShardRunner.start(runtime, task, shared);
});
