import type { FieldStack } from '../../protocol/run';
import { contourSegments } from './contours';
import type { Rgba } from './contrast';
import { energyAt } from './energy-range';

/** How many fields a stack has. */
export function fieldCount({ values, resolution }: FieldStack): number {
  return values.length / resolution ** 2;
}

/** One field of a stack, `[resolution, resolution]`. */
export function fieldOf({ values, resolution }: FieldStack, index: number): Float32Array {
  return values.subarray(index * resolution ** 2, (index + 1) * resolution ** 2);
}

/** `p(y | x) ∝ exp(-E(x, y))` of each class; NaN where an energy is NaN, or all are infinite. */
export function classShares(energies: readonly number[]): number[] {
  const least = Math.min(...energies);
  const weights = energies.map((energy) => Math.exp(least - energy));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/** A class at a place, and about how wrong its probability there may be. */
export interface ClassAt {
  readonly label: number;
  readonly probability: number;
  readonly error: number;
}

/**
 * The classes at a place by bilinear interpolation of their energies, the likeliest first; none where they
 * are not known.
 *
 * A line between two middles of cells is off by at most an eighth of the second difference (in the outermost
 * half cell, where the last middle counts, by half of the first); `∂p/∂E = -p (1 - p)` carries that over,
 * twice, since all energies have an error.
 *
 * @param u position along x, 0 to 1 over the window
 * @param v position along y, 0 to 1 over the window
 */
export function classesAt(stack: FieldStack, u: number, v: number): readonly ClassAt[] {
  const { resolution } = stack;
  const found = Array.from({ length: fieldCount(stack) }, (_, label) => {
    const field = fieldOf(stack, label);
    const energy = energyAt(field, resolution, u, v);
    const bend = (at: number, energyOver: (place: number) => number) => {
      const [before, after] = [energyOver(at - 1 / resolution), energyOver(at + 1 / resolution)];
      const isOutermost = Math.min(at, 1 - at) * resolution < 0.5;
      return Math.abs(before + after - 2 * energy) * (isOutermost ? 1 : 1 / 8);
    };
    const error =
      bend(u, (at) => energyAt(field, resolution, at, v)) +
      bend(v, (at) => energyAt(field, resolution, u, at));
    return { energy, error };
  });
  const shares = classShares(found.map(({ energy }) => energy));
  if (shares.some(Number.isNaN)) return [];
  const worst = Math.max(...found.map(({ error }) => error));
  return shares
    .map((probability, label) => ({
      label,
      probability,
      error: 2 * worst * probability * (1 - probability),
    }))
    .sort((a, b) => b.probability - a.probability);
}

/**
 * A picture of the classes' shares, `[resolution, resolution, 4]` bytes, rows downwards: in each cell the
 * colours of the classes mixed by `p(y | x)`, as opaque as `alpha`, and nothing where that is not known.
 *
 * @param colors of the classes, in the order of their numbers
 */
export function classTint(
  stack: FieldStack,
  colors: readonly Rgba[],
  alpha: number,
): Uint8ClampedArray<ArrayBuffer> {
  const { values, resolution } = stack;
  const cells = resolution ** 2;
  const picture = new Uint8ClampedArray(4 * cells);
  const energies = colors.map(() => 0);
  for (let cell = 0; cell < cells; cell++) {
    for (let label = 0; label < colors.length; label++) {
      energies[label] = values[label * cells + cell]!;
    }
    const shares = classShares(energies);
    if (Number.isNaN(shares[0])) continue;
    // Rows of a picture run downwards, those of a field upwards.
    const row = resolution - 1 - Math.floor(cell / resolution);
    const to = 4 * (row * resolution + (cell % resolution));
    for (const channel of [0, 1, 2] as const) {
      const mixed = colors.reduce((sum, color, label) => sum + shares[label]! * color[channel], 0);
      picture[to + channel] = 255 * mixed;
    }
    picture[to + 3] = 255 * alpha;
  }
  return picture;
}

/**
 * The decision boundary: line segments along which the two likeliest classes are equally likely. Along a
 * contour of the difference of two energies, cut where a third class becomes likelier.
 *
 * @returns x0 y0 x1 y1 of each segment, 0 to 1 over the window
 */
export function decisionBoundary(stack: FieldStack): readonly number[] {
  const count = fieldCount(stack);
  const { resolution } = stack;
  const fields = Array.from({ length: count }, (_, label) => fieldOf(stack, label));
  const segments: number[] = [];
  for (let first = 0; first < count; first++) {
    for (let second = first + 1; second < count; second++) {
      const [own, other] = [fields[first]!, fields[second]!];
      const rivals = fields.filter((_, label) => label !== first && label !== second);
      const difference = own.map((energy, cell) => energy - other[cell]!);
      const along = contourSegments(difference, resolution, 0);
      for (let at = 0; at < along.length; at += 4) {
        const [x0, y0, x1, y1] = along.slice(at, at + 4) as [number, number, number, number];
        const lead = (rival: Float32Array, u: number, v: number) =>
          energyAt(rival, resolution, u, v) - energyAt(own, resolution, u, v);
        const [from, to] = shared(
          rivals.map((rival) => [lead(rival, x0, y0), lead(rival, x1, y1)] as const),
        );
        if (!(from < to)) continue;
        const [dx, dy] = [x1 - x0, y1 - y0];
        segments.push(x0 + from * dx, y0 + from * dy, x0 + to * dx, y0 + to * dy);
      }
    }
  }
  return segments;
}

/** Between which shares of a way all numbers, each told at its ends, are not negative. */
function shared(ends: readonly (readonly [number, number])[]): readonly [number, number] {
  let [from, to] = [0, 1];
  for (const [start, end] of ends) {
    if (start < 0 && end < 0) return [1, 0];
    if (start < 0) from = Math.max(from, start / (start - end));
    if (end < 0) to = Math.min(to, start / (start - end));
  }
  return [from, to];
}
