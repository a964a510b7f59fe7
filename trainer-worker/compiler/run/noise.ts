import type { NoiseKind } from '../graph/graph';
import { address, length, memory, normal, rademacher, uniform } from '../random/noise.wasm';

/** Which random numbers: a run's seed, a noise node of the program, a training step. */
export interface NoiseStream {
  /** 0 … 2^53 - 1. */
  readonly seed: number;
  readonly stream: number;
  /** 0 … 2^53 - 1. */
  readonly step: number;
}

/** Below lie the trainer's own streams (data, batches, …), which share the key. */
const firstStream = 0x10000;
const high32 = 2 ** 32;

/** What writes the elements of a kind, and how many of them a Philox block of 128 bits makes. */
const kinds = {
  normal: { fill: normal, perBlock: 4 },
  uniform: { fill: uniform, perBlock: 4 },
  rademacher: { fill: rademacher, perBlock: 128 },
} satisfies Record<NoiseKind, unknown>;

/** Where they write to. */
const buffer = new Float32Array(memory.buffer, address(), length());

/**
 * Fills an array with noise: standard normal (Box & Muller 1958), uniform on [0, 1) in steps of
 * 2⁻²⁴, or ±1 with equal odds (Rademacher). A pure function of the stream, element by element: block
 * b of Philox 4x32-10 gives elements 4b … 4b + 3 (of signs, 128b … 128b + 127) whatever the length, so
 * the same after a resume. And the same bits on every machine and backend: the arithmetic is that of
 * `random/assembly/noise.ts`, exact or rounded as IEEE 754 says, not the platform's mathematical
 * library's. Normal numbers lie within ±6.67 and are, to 6e-7, Box and Muller's of uniform numbers
 * rounded to float32, whose distribution function is off by less than 2⁻²⁴.
 *
 * @param first the element of the stream that the array begins with
 */
export function fillNoise(
  values: Float32Array,
  kind: NoiseKind,
  from: NoiseStream,
  first = 0,
): void {
  const { fill, perBlock } = kinds[kind];
  const { seed, stream, step } = from;
  for (let done = 0; done < values.length; ) {
    // A block is made whole: what comes before the first element wanted is left out.
    const skipped = (first + done) % perBlock;
    const count = Math.min(buffer.length - skipped, values.length - done);
    fill(
      skipped + count,
      (first + done - skipped) / perBlock,
      firstStream + stream,
      step % high32,
      Math.floor(step / high32),
      seed % high32,
      Math.floor(seed / high32),
    );
    values.set(buffer.subarray(skipped, skipped + count), done);
    done += count;
  }
}

/**
 * Fills a part of a table that holds the noise of one step after the other: that of `from.step` first.
 *
 * @param perStep elements of each step
 * @param first the element of the table that the part begins with
 */
export function fillTable(
  values: Float32Array,
  kind: NoiseKind,
  from: NoiseStream,
  perStep: number,
  first = 0,
): void {
  for (let done = 0; done < values.length; ) {
    const ahead = Math.floor((first + done) / perStep);
    const within = first + done - ahead * perStep;
    const part = values.subarray(done, done + perStep - within);
    fillNoise(part, kind, { ...from, step: from.step + ahead }, within);
    done += part.length;
  }
}
