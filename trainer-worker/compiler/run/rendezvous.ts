import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ShardOrder } from './shard-runner';

/** The memory that threads order and answer by; both may be handed to a thread. */
export interface RendezvousMemory {
  /** The number of the newest order, then for each thread that of the last one it has done. */
  readonly numbers: Int32Array;
  /** What is ordered: seed, step, then rows and steps of each noise table. */
  readonly order: Float64Array;
}

/** Looking again and again, no message and no sleep is faster; for so long (milliseconds) at most. */
const longestSpin = 0.1;
/** The event loop of who waits for an answer stands still for so long (milliseconds) at most. */
const longestSleep = 20;

/**
 * Where threads meet that compute a step together: orders go out, and answers come back, through memory
 * that all of them see. A message through the event loops takes longer than many a step's work.
 */
export class Rendezvous {
  readonly #memory: RendezvousMemory;

  constructor(memory: RendezvousMemory) {
    this.#memory = memory;
  }

  /**
   * @param threads how many take orders
   * @param tables noise tables of a shard
   */
  static memory(threads: number, tables: number): RendezvousMemory {
    return {
      numbers: new Int32Array(new SharedArrayBuffer(4 * (1 + threads))),
      order: new Float64Array(new SharedArrayBuffer(8 * (2 + 2 * tables))),
    };
  }

  /** Orders a run of all threads, and answers with its number. All before must be answered. */
  order({ key: { seed, step }, tables }: ShardOrder): number {
    const { numbers, order } = this.#memory;
    order.set([seed, step, ...tables.flatMap(({ rows, steps }) => [rows, steps])]);
    const number = Atomics.add(numbers, 0, 1) + 1;
    Atomics.notify(numbers, 0);
    return number;
  }

  /** Blocks the thread until there is an order after the one of this number. */
  next(after: number): { readonly number: number; readonly order: ShardOrder } {
    const { numbers, order } = this.#memory;
    spin(() => Atomics.load(numbers, 0) !== after);
    while (Atomics.load(numbers, 0) === after) Atomics.wait(numbers, 0, after);
    const [seed, step, ...sizes] = order as unknown as [number, number, ...number[]];
    const tables = Array.from({ length: sizes.length / 2 }, (_, index) => ({
      rows: sizes[2 * index]!,
      steps: sizes[2 * index + 1]!,
    }));
    return { number: after + 1, order: { key: { seed, step }, tables } };
  }

  /** Says that a thread, counted from 0, has done the order of this number. */
  answer(thread: number, number: number): void {
    Atomics.store(this.#memory.numbers, 1 + thread, number);
    Atomics.notify(this.#memory.numbers, 1 + thread);
  }

  /**
   * Waits until all threads have done the order of this number. What waits stands still but for moments:
   * it is for work that is about to end.
   *
   * @param check called now and then: throws where an answer will never come
   */
  async answers(number: number, check: () => void): Promise<void> {
    const { numbers } = this.#memory;
    for (let place = 1; place < numbers.length; place++) {
      const isThere = () => Atomics.load(numbers, place) === number;
      spin(isThere);
      while (!isThere()) {
        Atomics.wait(numbers, place, number - 1, longestSleep);
        if (isThere()) break;
        await nextTurn();
        check();
      }
    }
  }
}

/** Looks for a moment whether something is so. */
function spin(isSo: () => boolean): void {
  const end = performance.now() + longestSpin;
  while (!isSo() && performance.now() < end);
}
