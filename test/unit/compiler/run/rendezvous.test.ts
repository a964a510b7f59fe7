/** Where threads meet by memory: every order is done once by each, and who waits sees what they did. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Rendezvous } from '../../../../trainer-worker/compiler/run/rendezvous';
import { source } from './rendezvous-thread?thread';

const tables = [
  { rows: 20, steps: 1 },
  { rows: 1, steps: 20 },
];

/** Threads that write `seed + step + rows + …` of each order where all can see it. */
function startThreads(count: number, failsAt = 0) {
  const memory = Rendezvous.memory(count, tables.length);
  const sums = new Float64Array(new SharedArrayBuffer(8 * count));
  const failures: Error[] = [];
  const threads = Array.from({ length: count }, (_, thread) => {
    const worker = new Worker(source, {
      eval: true,
      workerData: { memory, sums, thread, failsAt: thread === 0 ? failsAt : 0 },
    });
    worker.on('error', (error) => failures.push(error));
    return worker;
  });
  const check = () => {
    if (failures[0]) throw failures[0];
  };
  const end = () => Promise.all(threads.map((thread) => thread.terminate()));
  return { rendezvous: new Rendezvous(memory), sums, check, end };
}

test('each thread does every order once, with its numbers, and waits for the next', async () => {
  const { rendezvous, sums, check, end } = startThreads(2);
  // Larger than 2^32, as seeds and steps may be.
  const seed = 2 ** 52;
  for (let step = 1; step <= 2000; step++) {
    const number = rendezvous.order({ key: { seed, step }, tables });
    assert.equal(number, step);
    await rendezvous.answers(number, check);
    assert.deepEqual([...sums], [seed + step + 42, seed + step + 42]);
  }
  await end();
});

test('a thread that fails is no wait for ever', async () => {
  const { rendezvous, check, end } = startThreads(2, 3);
  const run = async () => {
    for (let step = 1; step <= 5; step++) {
      await rendezvous.answers(rendezvous.order({ key: { seed: 0, step }, tables }), check);
    }
  };
  await assert.rejects(run(), /order 3 is too much/);
  await end();
});

test('a thread that waits for an order can be ended', async () => {
  const { rendezvous, check, end } = startThreads(1);
  // It has begun by then, and asks for the next.
  await rendezvous.answers(rendezvous.order({ key: { seed: 0, step: 1 }, tables }), check);
  const codes = await end();
  assert.equal(codes.length, 1);
});
