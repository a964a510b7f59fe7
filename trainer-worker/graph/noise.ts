import { philox4x32 } from '../random/philox';
import type { NoiseKind } from './ops/build';

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

/**
 * Fills an array with noise: standard normal (Box & Muller 1958), uniform on [0, 1), or ±1 with equal
 * odds (Rademacher). A pure function of the stream, element by element: block i of Philox 4x32-10
 * gives elements 4i … 4i + 3 whatever the length, so the same on every backend and after a resume.
 */
export function fillNoise(values: Float32Array, kind: NoiseKind, from: NoiseStream): void {
  const counter = Uint32Array.of(
    0,
    firstStream + from.stream,
    from.step % high32,
    Math.floor(from.step / high32),
  );
  const key = Uint32Array.of(from.seed % high32, Math.floor(from.seed / high32));
  const block = new Uint32Array(4);
  const write = writers[kind];
  for (let index = 0; index < values.length; index += 4) {
    counter[0] = index / 4;
    philox4x32(counter, key, block);
    write(block, values, index);
  }
}

/** Writes four elements from a block; beyond the end of the array a write does nothing. */
type Writer = (block: Uint32Array, values: Float32Array, index: number) => void;

const writers: Readonly<Record<NoiseKind, Writer>> = {
  normal: (block, values, index) => {
    for (let pair = 0; pair < 4; pair += 2) {
      // In (0, 1): the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log((block[pair]! + 0.5) / high32));
      const angle = block[pair + 1]! * ((2 * Math.PI) / high32);
      values[index + pair] = radius * Math.cos(angle);
      values[index + pair + 1] = radius * Math.sin(angle);
    }
  },
  // 24 bits: all that a float32 below 1 can hold without rounding up to 1.
  uniform: (block, values, index) => {
    for (let i = 0; i < 4; i++) values[index + i] = (block[i]! >>> 8) / 2 ** 24;
  },
  rademacher: (block, values, index) => {
    for (let i = 0; i < 4; i++) values[index + i] = block[i]! & 1 ? 1 : -1;
  },
};
