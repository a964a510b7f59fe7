/**
 * `assembly/noise.ts`, compiled and instantiated by the build. Each filling function writes the first
 * `count` elements of a buffer in `memory`, from Philox 4x32-10 at the counters `(first, c1, c2, c3)`,
 * `(first + 1, c1, c2, c3)`, … under the key `(k0, k1)`. All of these are 32-bit words. `count` is 0 to
 * the buffer's length; elements up to the next multiple of 128 are overwritten too.
 */
type Fill = (
  count: number,
  first: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
) => void;

export const memory: { readonly buffer: ArrayBuffer };
/** Where the buffer begins in `memory`, in bytes. */
export function address(): number;
/** The buffer's length in elements, a multiple of 128. */
export function length(): number;
/** Four elements a block. */
export const normal: Fill;
/** Four elements a block. */
export const uniform: Fill;
/** 128 elements a block. */
export const rademacher: Fill;
