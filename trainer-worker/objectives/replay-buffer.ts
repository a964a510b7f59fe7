import { type Bounds, uniformIn } from '../data/bounds';
import type { Domain } from '../data/domain';
import { Random, streams } from '../random/random';
import { ChainAges } from './chain-ages';

interface ReplayBufferOptions {
  /** Chains that it holds. */
  readonly size: number;
  /** Chance of each drawn chain to begin anew. */
  readonly reinitialize: number;
  readonly seed: number;
  /** The window that new chains begin in, uniformly. */
  readonly bounds: Bounds;
  /** `'real'` where absent. */
  readonly domain?: Domain;
  /** `[size, D]` chains to go on from. */
  readonly saved: Float32Array | undefined;
  /** `[size]` steps in which these began; as if all had before the first step where absent. */
  readonly savedBirths?: Float32Array | undefined;
}

/** The states of many Markov chains, kept between training steps (Du & Mordatch 2019). */
export class ReplayBuffer {
  readonly #options: ReplayBufferOptions;
  readonly #dimensions: number;
  readonly #chains: Float32Array;
  readonly #ages: ChainAges;

  constructor(options: ReplayBufferOptions) {
    this.#options = options;
    this.#dimensions = options.bounds.length;
    this.#chains = options.saved
      ? options.saved.slice()
      : uniformIn(
          options.bounds,
          options.size,
          new Random(options.seed, streams.buffer),
          options.domain,
        );
    this.#ages = new ChainAges(options.size, options.savedBirths);
    if (this.#chains.length !== options.size * this.#dimensions) {
      throw new RangeError(
        `The saved buffer has ${this.#chains.length} numbers instead of ${options.size} × ${this.#dimensions}.`,
      );
    }
  }

  /** The slots that `step` uses: all different, a pure function of the seed and the step. */
  #slots(step: number, count: number): Uint32Array {
    return new Random(this.#options.seed, streams.bufferSlots, step).distinct(
      count,
      this.#options.size,
    );
  }

  /** Which rows of `step` begin anew, and where. */
  #renewed(step: number, count: number): ReadonlyMap<number, Float32Array> {
    const { reinitialize, bounds, domain, seed } = this.#options;
    const random = new Random(seed, streams.chainStarts, step);
    const starts = new Map<number, Float32Array>();
    for (let row = 0; row < count; row++) {
      if (random.uniform() < reinitialize) starts.set(row, uniformIn(bounds, 1, random, domain));
    }
    return starts;
  }

  /** `[count, D]` chains for training step `step`, some of them begun anew. Changes nothing. */
  draw(step: number, count: number): Float32Array {
    const dimensions = this.#dimensions;
    const renewed = this.#renewed(step, count);
    const starts = new Float32Array(count * dimensions);
    for (const [row, slot] of this.#slots(step, count).entries()) {
      const old = this.#chains.subarray(slot * dimensions, (slot + 1) * dimensions);
      starts.set(renewed.get(row) ?? old, row * dimensions);
    }
    return starts;
  }

  /** Writes `[count, D]` ends back to the slots that {@link draw} took for this `step`. */
  write(step: number, ends: Float32Array): void {
    const dimensions = this.#dimensions;
    const count = ends.length / dimensions;
    const renewed = this.#renewed(step, count);
    for (const [row, slot] of this.#slots(step, count).entries()) {
      if (renewed.has(row)) this.#ages.renew(slot, step);
      this.#chains.set(ends.subarray(row * dimensions, (row + 1) * dimensions), slot * dimensions);
    }
  }

  /** Training steps since the chains began, on average and of the oldest, as `step` finds them. */
  ages(step: number): { readonly mean: number; readonly oldest: number } {
    return this.#ages.at(step);
  }

  /** A copy of the first `count` chains, at most all of them. */
  first(count: number): Float32Array {
    return this.#chains.slice(0, count * this.#dimensions);
  }

  /** Goes back to what {@link contents} and {@link births} gave. */
  restore(contents: Float32Array, births: Float32Array | undefined): void {
    this.#chains.set(contents);
    this.#ages.restore(births);
  }

  /** A copy of all chains, `[size, D]`. */
  contents(): Float32Array {
    return this.#chains.slice();
  }

  /** In which step each chain began, `[size]`. */
  births(): Float32Array {
    return this.#ages.births();
  }
}
