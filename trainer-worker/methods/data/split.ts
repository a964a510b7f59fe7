import { Random, streams } from '../../compiler/random/random';

/** Which rows are trained on, and which are held out; at least one is, and two are not. */
export interface Split {
  readonly training: Uint32Array;
  readonly heldOut: Uint32Array;
}

/**
 * Splits rows by chance.
 *
 * @param count how many there are, at least 3
 * @param share of them that is held out
 * @param seed decides which
 */
export function splitOf(count: number, share: number, seed: number): Split {
  const order = new Random(seed, streams.split).permutation(count);
  const heldOutCount = Math.min(Math.max(1, Math.round(share * count)), count - 2);
  return { training: order.subarray(heldOutCount), heldOut: order.subarray(0, heldOutCount) };
}
