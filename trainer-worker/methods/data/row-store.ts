import { ProblemError } from '../../../protocol/problem';
import { Random, streams } from '../../compiler/random/random';

/** What a store of rows must know beforehand. */
interface RowStoreOptions {
  /** Absolute path of the file, for messages. */
  readonly file: string;
  /** Numbers in a row. */
  readonly width: number;
  /** What holds every one of them. Default `'double'`. */
  readonly kind?: NumberKind;
  /** Whether they stay as they are held, and no float32 is made of each. Default `false`. */
  readonly stays?: boolean;
  /** How many rows are kept at most, drawn from all; `null` for all. */
  readonly rows: number | null;
  /** Decides which. */
  readonly seed: number;
  /** Bytes that the rows, and what is made of them, may take. */
  readonly memory: number;
}

/** What numbers are held in: whole ones of 0 to 255, single or double precision. */
type NumberKind = 'byte' | 'single' | 'double';

/** Numbers of any {@link NumberKind}. */
export type KeptNumbers = Uint8Array | Float32Array | Float64Array;

const arrays: Readonly<Record<NumberKind, new (length: number) => KeptNumbers>> = {
  byte: Uint8Array,
  single: Float32Array,
  double: Float64Array,
};

const bytesOfKind: Readonly<Record<NumberKind, number>> = { byte: 1, single: 4, double: 8 };

/** Numbers that are allocated at once, about. */
const blockNumbers = 2 ** 17;

/** Of each number the float32 that is trained on is made while the row is still held. */
const bytesTrainedOn = 4;
/** Of each row its place in the split. */
const bytesOrdered = 4;

/**
 * Rows of numbers that come one after another, nobody knows how many: all of them, or so many drawn
 * from all with equal chances (reservoir sampling, Vitter's algorithm R, ACM TOMS 11, 1985).
 */
export class RowStore {
  readonly width: number;
  readonly #options: RowStoreOptions;
  readonly #shift: number;
  readonly #blocks: KeptNumbers[] = [];
  readonly #most: number;
  readonly #random: Random;
  #seen = 0;

  constructor(options: RowStoreOptions) {
    this.#options = options;
    this.width = options.width;
    this.#shift = Math.max(0, Math.floor(Math.log2(blockNumbers / options.width)));
    this.#most = options.rows ?? Number.POSITIVE_INFINITY;
    this.#random = new Random(options.seed, streams.rows);
  }

  /** Rows that are held. */
  get count(): number {
    return Math.min(this.#seen, this.#most);
  }

  /** Whether all rows are held, in their order: row k is the file's. */
  get isWhole(): boolean {
    return this.#seen <= this.#most;
  }

  /**
   * Where the next row is to be held, from 0: whatever was there gives way.
   *
   * @returns -1 where it is not among those that are drawn
   * @throws ProblemError of kind `data` when there is no memory for it
   */
  next(): number {
    const index = this.#seen++;
    if (index < this.#most) {
      if (index >>> this.#shift === this.#blocks.length) this.#grow();
      return index;
    }
    const slot = this.#random.integer(index + 1);
    return slot < this.#most ? slot : -1;
  }

  /** Holds the first {@link width} numbers of `row` at a place that {@link next} gave. */
  set(slot: number, row: KeptNumbers): void {
    const block = this.#blocks[slot >>> this.#shift]!;
    const start = (slot & (2 ** this.#shift - 1)) * this.width;
    for (let d = 0; d < this.width; d++) block[start + d] = row[d]!;
  }

  /** Holds one number. */
  setAt(slot: number, d: number, value: number): void {
    this.#blocks[slot >>> this.#shift]![(slot & (2 ** this.#shift - 1)) * this.width + d] = value;
  }

  /** Number `d` of the row at `slot`. */
  at(slot: number, d: number): number {
    return this.#blocks[slot >>> this.#shift]![(slot & (2 ** this.#shift - 1)) * this.width + d]!;
  }

  /** The numbers of the row at `slot`, where they are held. */
  row(slot: number): KeptNumbers {
    const start = (slot & (2 ** this.#shift - 1)) * this.width;
    return this.#blocks[slot >>> this.#shift]!.subarray(start, start + this.width);
  }

  /** Bytes that the rows take. */
  get byteLength(): number {
    return this.#blocks.reduce((sum, block) => sum + block.byteLength, 0);
  }

  #grow(): void {
    const { memory, kind = 'double', stays = false, file } = this.#options;
    const held = this.#blocks.length * 2 ** this.#shift;
    const rows = Math.min(2 ** this.#shift, this.#most - held);
    const bytesOfNumber = bytesOfKind[kind] + (stays ? 0 : bytesTrainedOn);
    const bytesOfRow = this.width * bytesOfNumber + bytesOrdered;
    const tooMuch = (cause?: unknown) =>
      tooManyRows(file, held, this.width, bytesOfRow, memory, cause);
    if ((held + rows) * bytesOfRow > memory) throw tooMuch();
    try {
      this.#blocks.push(new arrays[kind](rows * this.width));
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      throw tooMuch(thrown);
    }
  }
}

function tooManyRows(
  file: string,
  held: number,
  width: number,
  bytesOfRow: number,
  memory: number,
  cause: unknown,
): ProblemError {
  const fitting = Math.floor(memory / bytesOfRow);
  // Half of what there is room for, in round numbers: other things grow too.
  const digits = Math.max(0, Math.floor(Math.log10(Math.max(1, fitting / 2))));
  const suggested = Math.floor(fitting / 2 / 10 ** digits) * 10 ** digits;
  const room = `${formatBytes(memory)} of memory that there are for data`;
  return new ProblemError(
    {
      kind: 'data',
      message: `The rows of ${file}, ${width} numbers each, do not fit into the ${room}: it has more than ${held} of them.`,
      remedy:
        suggested < 3
          ? 'Use fewer columns, or a machine with more memory.'
          : `Train on a part of them, drawn at random by the seed, with the option rows: ${suggested}; or use fewer columns.`,
    },
    { cause },
  );
}

function formatBytes(bytes: number): string {
  const [unit, name] = bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : [2 ** 20, 'MiB'];
  return `${Number((bytes / unit).toPrecision(3))} ${name}`;
}
