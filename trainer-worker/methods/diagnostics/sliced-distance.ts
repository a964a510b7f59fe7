import type { Random } from '../../compiler/random/random';
import { blocksOf, type Rows } from '../data/rows';
import type { KnownEstimate } from './estimate';
import { jackknifed, maskOf } from './grouped-jackknife';

const directions = 64;

/** Where points lie along a line, in order, and whose they are: a point may be a part of something. */
interface Line {
  readonly places: Float64Array;
  readonly owners: Uint32Array;
}

/** Points as seen along each of some directions. */
export interface Projected {
  readonly lines: readonly Line[];
  /** How many owners they have. */
  readonly owners: number;
}

/** 64 directions, uniform on the sphere, `[64][dimensions]`. */
export function randomDirections(dimensions: number, random: Random): Float64Array[] {
  return Array.from({ length: directions }, () => {
    const axis = Float64Array.from({ length: dimensions }, () => random.normal());
    const length = Math.hypot(...axis);
    return axis.map((value) => value / length);
  });
}

/**
 * Projects `[n, D]` points on axes of D numbers.
 *
 * @param each points that one owner has, one after the other: they are drawn, and left out, together
 */
export function projected(points: Rows, axes: readonly Float64Array[], each = 1): Projected {
  const dimensions = axes[0]!.length;
  const count = points.length / dimensions;
  const all = axes.map(() => new Float64Array(count));
  for (const [start, block] of blocksOf(points, dimensions)) {
    for (const [a, axis] of axes.entries()) {
      const projections = all[a]!;
      for (let from = 0; from < block.length; from += dimensions) {
        let sum = 0;
        for (let d = 0; d < dimensions; d++) sum += axis[d]! * block[from + d]!;
        projections[(start + from) / dimensions] = sum;
      }
    }
  }
  const lines = all.map((projections) => {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    order.sort((a, b) => projections[a]! - projections[b]!);
    return {
      places: Float64Array.from(order, (i) => projections[i]!),
      owners: order.map((i) => Math.floor(i / each)),
    };
  });
  return { lines, owners: count / each };
}

/**
 * The sliced Wasserstein-2 distance of two sets (Bonneel et al. 2015): over the directions, the root mean
 * square of how far the quantiles of their projections lie apart. Its error is the jackknife's.
 */
export function slicedDistance(first: Projected, second: Projected): KnownEstimate {
  const [estimate] = jackknifed([first.owners, second.owners], (ofFirst, ofSecond) => {
    const [xs, ys] = [keptOf(first, ofFirst), keptOf(second, ofSecond)];
    const squares = xs.map((places, line) => meanSquaredGap(places, ys[line]!));
    return [Math.sqrt(squares.reduce((sum, square) => sum + square) / squares.length)];
  });
  return estimate!;
}

/** The places of some owners' points, in order. */
function keptOf({ lines, owners }: Projected, kept: Uint32Array): Float64Array[] {
  if (kept.length === owners) return lines.map(({ places }) => places);
  const mask = maskOf(kept, owners);
  return lines.map((line) => {
    const places = new Float64Array(line.places.length);
    let count = 0;
    for (let i = 0; i < places.length; i++) {
      if (mask[line.owners[i]!] === 1) places[count++] = line.places[i]!;
    }
    return places.subarray(0, count);
  });
}

/** ∫ (F⁻¹(u) - G⁻¹(u))² du of two samples' quantile functions, which are steps. */
function meanSquaredGap(xs: Float64Array, ys: Float64Array): number {
  let sum = 0;
  let done = 0;
  for (let i = 0, j = 0; i < xs.length && j < ys.length; ) {
    const [endOfX, endOfY] = [(i + 1) / xs.length, (j + 1) / ys.length];
    const end = Math.min(endOfX, endOfY);
    sum += (end - done) * (xs[i]! - ys[j]!) ** 2;
    done = end;
    if (endOfX <= end) i++;
    if (endOfY <= end) j++;
  }
  return sum;
}
