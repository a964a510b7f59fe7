/** A thread of rendezvous.test.ts: sums the numbers of each order. */
import { workerData } from 'node:worker_threads';
import {
  Rendezvous,
  type RendezvousMemory,
} from '../../../../trainer-worker/compiler/run/rendezvous';

const { memory, sums, thread, failsAt } = workerData as {
  readonly memory: RendezvousMemory;
  readonly sums: Float64Array;
  readonly thread: number;
  readonly failsAt: number;
};
const rendezvous = new Rendezvous(memory);
for (let done = 0; ; ) {
  const { number, order } = rendezvous.next(done);
  if (number === failsAt) throw new Error(`order ${number} is too much`);
  const { key, tables } = order;
  sums[thread] = tables.reduce((sum, { rows, steps }) => sum + rows + steps, key.seed + key.step);
  rendezvous.answer(thread, number);
  done = number;
}
