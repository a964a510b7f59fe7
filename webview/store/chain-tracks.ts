import type { ChainPaths } from '../../protocol/run';

/** Ways of chains on a plane. */
export interface ChainTracks {
  readonly chains: number;
  /** Iterations behind them at each stop, ascending from 0. */
  readonly iterations: readonly number[];
  /** `[stops, chains, 2]` places in model space. */
  readonly points: Float32Array;
  /** `[stops, chains]`: 1 where a chain is just where it was at the stop before, in all its numbers. */
  readonly stood: Uint8Array;
}

/**
 * The ways of chains as they are seen on a plane.
 *
 * @param onPlane makes `[n, 2]` places of `[n, D]` rows
 */
export function chainTracks(
  { values, chains, iterations }: ChainPaths,
  onPlane: (rows: Float32Array) => Float32Array,
): ChainTracks {
  const stops = iterations.length;
  const dimensions = values.length / (stops * chains);
  const stood = new Uint8Array(stops * chains);
  for (let at = chains; at < stood.length; at++) {
    const isWhereItWas = (k: number) =>
      Object.is(values[at * dimensions + k], values[(at - chains) * dimensions + k]);
    let k = 0;
    while (k < dimensions && isWhereItWas(k)) k++;
    stood[at] = Number(k === dimensions);
  }
  return { chains, iterations, points: onPlane(values), stood };
}

/** How often chains moved and stood still where each iteration is a stop, so that one move is told. */
export function countMoves({ chains, iterations, stood }: ChainTracks): {
  readonly moves: number;
  readonly stood: number;
} {
  let [moves, still] = [0, 0];
  for (let stop = 1; stop < iterations.length; stop++) {
    if (iterations[stop]! - iterations[stop - 1]! > 1) continue;
    for (let chain = 0; chain < chains; chain++) {
      if (stood[stop * chains + chain] === 1) still += 1;
      else moves += 1;
    }
  }
  return { moves, stood: still };
}

/**
 * The way of a chain up to a moment, x y of each place on it: its stops, and where it is between two.
 *
 * @param progress 0 where it began, 1 at the sample; each stretch from stop to stop takes as long
 */
export function trackUpTo(
  { chains, iterations, points }: ChainTracks,
  chain: number,
  progress: number,
): readonly number[] {
  const last = iterations.length - 1;
  const moment = Math.min(1, Math.max(0, progress)) * last;
  const place = (stop: number) => {
    const at = 2 * (stop * chains + chain);
    return [points[at]!, points[at + 1]!] as const;
  };
  const reached = Math.floor(moment);
  const way: number[] = [];
  for (let stop = 0; stop <= reached; stop++) way.push(...place(stop));
  const share = moment - reached;
  if (share > 0) {
    const [[x0, y0], [x1, y1]] = [place(reached), place(reached + 1)];
    way.push(x0 + share * (x1 - x0), y0 + share * (y1 - y0));
  }
  return way;
}
