/** What a thread that computes a shard runs; `run-sharded.ts` starts it. */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { Rendezvous, type RendezvousMemory } from './rendezvous';
import { type Runtime, ShardRunner, type ShardTask, type SharedArrays } from './shard-runner';

/** What the thread is started with. */
export interface ThreadStart {
  readonly task: ShardTask;
  readonly shared: SharedArrays;
  /** Where orders come from; answered under the number of the shard less one. */
  readonly rendezvous: RendezvousMemory;
  /** A file from which `onnxruntime-node` is found. */
  readonly from: string;
}

/** What it tells once when it is ready: nothing. And why it failed, if it does. */
export interface ThreadMessage {
  readonly error?: string;
}

const { task, shared, rendezvous: memory, from } = workerData as ThreadStart;

/** Takes orders for good, with the thread all to itself: it ends by being ended, or by failing. */
async function work(): Promise<void> {
  const runtime = createRequire(from)('onnxruntime-node') as Runtime;
  const runner = await ShardRunner.start(runtime, task, shared);
  const rendezvous = new Rendezvous(memory);
  tell({});
  for (let done = 0; ; ) {
    const { number, order } = rendezvous.next(done);
    await runner.run(order);
    rendezvous.answer(task.shard - 1, number);
    done = number;
  }
}

function tell(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

work().catch((error: unknown) => {
  tell({ error: error instanceof Error ? error.message : String(error) });
});
