import { philox4x32 } from './philox';

/**
 * What a random number is for. Each purpose is a stream of its own, so that drawing more for one
 * never shifts another. The numbers are part of what makes a run reproducible: never renumber. 8,
 * 11 and 12 are spent. The noise of compiled programs has streams of its own, see `run/noise.ts`.
 */
export const streams = {
  trainingData: 1,
  heldOutData: 2,
  split: 3,
  parameters: 4,
  batches: 5,
  bufferSlots: 6,
  chainStarts: 7,
  buffer: 9,
  previewStarts: 10,
  objectiveParameters: 13,
  diagnostics: 14,
  sweep: 15,
  rows: 16,
  noise: 17,
  flips: 18,
  check: 19,
} as const;

export type Stream = (typeof streams)[keyof typeof streams];

const high32 = 2 ** 32;

/**
 * The random numbers of one purpose at one step of a run, in order: a pure function of
 * `(seed, stream, step)` on top of Philox4x32-10. There is no state worth saving: a resumed run
 * makes a new one from the step's number.
 */
export class Random {
  readonly #counter = new Uint32Array(4);
  readonly #key = new Uint32Array(2);
  readonly #block = new Uint32Array(4);
  #used = 4;
  #spareNormal: number | undefined;

  /**
   * @param seed the run's seed, a whole number from 0 to 2^53 - 1
   * @param step the training step (or epoch) that it is for, likewise
   */
  constructor(seed: number, stream: Stream, step = 0) {
    this.#key[0] = seed % high32;
    this.#key[1] = Math.floor(seed / high32);
    this.#counter[1] = stream;
    this.#counter[2] = step % high32;
    this.#counter[3] = Math.floor(step / high32);
  }

  /** 32 random bits as a number from 0 to 2^32 - 1. */
  bits(): number {
    if (this.#used === 4) {
      philox4x32(this.#counter, this.#key, this.#block);
      // 2^32 blocks a stream and step: 17 billion numbers, more than any step holds in memory.
      this.#counter[0]!++;
      this.#used = 0;
    }
    return this.#block[this.#used++]!;
  }

  /** A number in the open interval (0, 1), a multiple of 2^-33: never 0, so its log is finite. */
  uniform(): number {
    return (this.bits() + 0.5) / high32;
  }

  /** A standard normal number (Box & Muller, Ann. Math. Statist. 29, 1958). */
  normal(): number {
    const spare = this.#spareNormal;
    if (spare !== undefined) {
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** A whole number from 0 to `count - 1`, all equally likely; `count` is from 1 to 2^32. */
  integer(count: number): number {
    // Drop the few values that would make small results likelier than large ones.
    const limit = high32 - (high32 % count);
    for (;;) {
      const bits = this.bits();
      if (bits < limit) return bits % count;
    }
  }

  /** `count` standard normals times `scale`. */
  normals(count: number, scale = 1): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = scale * this.normal();
    return values;
  }

  /** The numbers 0 … `count - 1` in random order (Fisher–Yates). */
  permutation(count: number): Uint32Array {
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = i;
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    return order;
  }

  /** `chosen` different numbers out of 0 … `count - 1`, in random order, in time of `chosen`. */
  distinct(chosen: number, count: number): Uint32Array {
    const picks = new Uint32Array(chosen);
    // Fisher–Yates on a permutation of which only the touched places are written down.
    const moved = new Map<number, number>();
    for (let i = 0; i < chosen; i++) {
      const j = i + this.integer(count - i);
      picks[i] = moved.get(j) ?? j;
      moved.set(j, moved.get(i) ?? i);
    }
    return picks;
  }
}
