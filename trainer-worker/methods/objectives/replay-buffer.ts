import { Random, streams } from '../../compiler/random/random';
import { type Bounds, uniformIn } from '../data/bounds';
import type { Domain } from '../data/domain';
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
  /** Of each category, of categorical data. */
  readonly levels?: readonly number[];
  /** `[size, D]` chains to go on from. */
  readonly saved: Float32Array | undefined;
  /** What is kept beside each chain: names with so many numbers. Nothing where absent. */
  readonly widths?: Readonly<Record<string, number>>;
  /** Names among these of what is 0 where it is not known: a checkpoint without it is none without the rest. */
  readonly zeroAtFirst?: readonly string[];
  /** What {@link ReplayBuffer.kept} gave; nothing is kept of any chain where it is missing. */
  readonly savedKept?: ReadonlyMap<string, Float32Array> | undefined;
  /** `[size]` steps in which these began; as if all had before the first step where absent. */
  readonly savedBirths?: Float32Array | undefined;
}

/** The states of many Markov chains, kept between training steps (Du & Mordatch 2019). */
export class ReplayBuffer {
  readonly #options: ReplayBufferOptions;
  readonly #dimensions: number;
  readonly #chains: Float32Array;
  readonly #ages: ChainAges;
  /** What is kept beside the chains, `[size, width]`; of which chains, {@link heldName} says by 1. */
  readonly #kept: ReadonlyMap<string, Float32Array>;

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
          options.levels,
        );
    this.#ages = new ChainAges(options.size, options.savedBirths);
    const widths = Object.entries(options.widths ?? {});
    const all = widths.length === 0 ? [] : [[heldName, 1] as const, ...widths];
    this.#kept = new Map(
      all.map(([name, width]) => [name, new Float32Array(options.size * width)]),
    );
    this.#restoreKept(options.savedKept);
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
    const { reinitialize, bounds, domain, levels, seed } = this.#options;
    const random = new Random(seed, streams.chainStarts, step);
    const starts = new Map<number, Float32Array>();
    for (let row = 0; row < count; row++) {
      if (random.uniform() >= reinitialize) continue;
      starts.set(row, uniformIn(bounds, 1, random, domain, levels));
    }
    return starts;
  }

  /** Chains for training step `step`, some of them begun anew. Changes nothing. */
  draw(step: number, count: number): Drawn {
    const dimensions = this.#dimensions;
    const renewed = this.#renewed(step, count);
    const slots = this.#slots(step, count);
    const starts = rowsOf(this.#chains, slots, dimensions);
    const { [heldName]: held = new Float32Array(count), ...kept } = Object.fromEntries(
      [...this.#kept].map(([name, all]) => [name, rowsOf(all, slots, this.#widthOf(all))]),
    );
    for (const [row, start] of renewed) {
      starts.set(start, row * dimensions);
      held[row] = 0;
    }
    return { starts, kept, held };
  }

  /**
   * Writes `[count, D]` ends back to the slots that {@link draw} took for this `step`, and what is kept
   * beside them, `[count, width]` each.
   */
  write(step: number, ends: Float32Array, kept: Readonly<Record<string, Float32Array>> = {}): void {
    const count = ends.length / this.#dimensions;
    const renewed = this.#renewed(step, count);
    const slots = this.#slots(step, count);
    for (const [row, slot] of slots.entries()) {
      if (renewed.has(row)) this.#ages.renew(slot, step);
    }
    setRows(this.#chains, slots, ends);
    for (const [name, all] of this.#kept) {
      setRows(all, slots, kept[name] ?? new Float32Array(count).fill(1));
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

  /** Goes back to what {@link contents}, {@link births} and {@link kept} gave. */
  restore(
    contents: Float32Array,
    births: Float32Array | undefined,
    kept?: ReadonlyMap<string, Float32Array>,
  ): void {
    this.#chains.set(contents);
    this.#ages.restore(births);
    this.#restoreKept(kept);
  }

  /** Copies of what is kept beside the chains, `[size, width]` each, and of which there is any. */
  kept(): Readonly<Record<string, Float32Array>> {
    return Object.fromEntries([...this.#kept].map(([name, all]) => [name, all.slice()]));
  }

  #restoreKept(from: ReadonlyMap<string, Float32Array> | undefined): void {
    const { zeroAtFirst = [] } = this.#options;
    const fits = (name: string, all: Float32Array) => from?.get(name)?.length === all.length;
    const isThere = [...this.#kept].every(
      ([name, all]) => zeroAtFirst.includes(name) || fits(name, all),
    );
    for (const [name, all] of this.#kept) {
      if (isThere && fits(name, all)) all.set(from!.get(name)!);
      else all.fill(0);
    }
  }

  #widthOf(all: Float32Array): number {
    return all.length / this.#options.size;
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

/** What a training step begins with. */
interface Drawn {
  /** `[count, D]` */
  readonly starts: Float32Array;
  /** What is kept beside each chain, `[count, width]`, by name; to be looked at where it is held. */
  readonly kept: Readonly<Record<string, Float32Array>>;
  /** `[count]`, 1 where something is kept of a chain and it does not begin anew, else 0. */
  readonly held: Float32Array;
}

/** Among what is kept: of which chains there is anything. */
const heldName = 'buffer held';

function rowsOf(all: Float32Array, slots: Uint32Array, width: number): Float32Array {
  const rows = new Float32Array(slots.length * width);
  for (const [row, slot] of slots.entries()) {
    rows.set(all.subarray(slot * width, (slot + 1) * width), row * width);
  }
  return rows;
}

function setRows(all: Float32Array, slots: Uint32Array, rows: Float32Array): void {
  const width = rows.length / slots.length;
  for (const [row, slot] of slots.entries()) {
    all.set(rows.subarray(row * width, (row + 1) * width), slot * width);
  }
}
