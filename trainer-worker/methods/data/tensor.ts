import type { NpyData } from '../../../run-directory/npy';
import type { DataFile } from './data-file';

/** What a file says of an array of numbers in it. */
export interface TensorHeader {
  readonly shape: readonly number[];
  /** Whether its numbers are whole ones by their type; truths are 0 and 1. */
  readonly isWhole: boolean;
  /** Whether single precision has every number of its type. */
  readonly isSingle: boolean;
  /** The darkest and the brightest value of pixels of its type, where nobody says otherwise. */
  readonly usualPixels: readonly [number, number];
  /** Whether the first index is the fastest. */
  readonly fortranOrder: boolean;
  /** Bytes that a number takes. */
  readonly itemBytes: number;
  /** Where its data begin in {@link Tensor.bytes}. */
  readonly dataStart: number;
  /** What its data take. */
  readonly dataBytes: number;
  /**
   * The numbers that bytes of its data are.
   *
   * @param raw whole numbers, in a buffer of their own; their order may be changed
   */
  numbers(raw: Uint8Array<ArrayBuffer>): NpyData;
}

/** An array of numbers in a file, of which nothing but the beginning has been read. */
export interface Tensor {
  readonly file: DataFile;
  readonly header: TensorHeader;
  /** The file, or what is in it, from its beginning. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Whether something else may follow the data. */
  readonly isPart?: boolean;
  /** The problem, of kind `data`, where the bytes do not fill the shape. */
  unfilled(got: number): Error;
}

/**
 * The numbers of an array, in the order of the file.
 *
 * @throws ProblemError of kind `data` where there are more or fewer than the shape has
 */
export async function* numbersOf({
  header,
  bytes,
  isPart = false,
  unfilled,
}: Tensor): AsyncGenerator<NpyData> {
  const { dataStart, dataBytes, itemBytes } = header;
  let skip = dataStart;
  let got = 0;
  let kept: Uint8Array = new Uint8Array();
  for await (const chunk of bytes) {
    const from = Math.min(skip, chunk.length);
    skip -= from;
    const before = got;
    got += chunk.length - from;
    if (got > dataBytes && !isPart) continue;
    const data = chunk.subarray(from, from + Math.min(chunk.length - from, dataBytes - before));
    const joined = kept.length === 0 ? data : Buffer.concat([kept, data]);
    const whole = joined.length - (joined.length % itemBytes);
    kept = joined.subarray(whole);
    // In a buffer of its own.
    if (whole > 0) yield header.numbers(new Uint8Array(joined.subarray(0, whole)));
    if (isPart && got >= dataBytes) return;
  }
  if (got !== dataBytes) throw unfilled(got);
}
