import type { Bounds } from '../data/bounds';
import type { Domain } from '../data/domain';
import { cubatureRule } from './cubature-rule';

/** A box that an integral is summed over. */
export interface Cell {
  /** `[low, high]` per dimension. */
  readonly sides: Bounds;
  /** 0 inside the window; k in the k-th shell around it, which is 2^k times as wide. */
  readonly shell: number;
  readonly volume: number;
  /** `[n, D]` points of the rule, row-major. */
  readonly points: Float32Array;
}

/** A box and, where it is too coarse, its halves. */
export interface Branch {
  readonly cell: Cell;
  readonly halves?: readonly [Branch, Branch];
}

/** The boxes that are not halved. */
export function leaves(branches: readonly Branch[]): readonly Cell[] {
  return branches.flatMap(({ cell, halves: both }) => (both ? leaves(both) : [cell]));
}

/** The window that a space is measured from. */
export interface Space {
  readonly domain: Exclude<Domain, 'binary' | 'categorical'>;
  /** One or two dimensions. */
  readonly bounds: Bounds;
}

/** Boxes along each side of the window to begin with. */
const cellsAcross: Readonly<Record<number, number>> = { 1: 16, 2: 8 };

/** The window in equal boxes. */
export function windowCells(space: Space): readonly Cell[] {
  const { bounds } = space;
  const across = cellsAcross[bounds.length]!;
  return products(baseOf(space).map((side) => parts(side, across))).map((sides) =>
    cellOf(sides, 0),
  );
}

/** The boxes between a window 2^(k-1) and one 2^k times as wide, around the same middle. */
export function shellCells(space: Space, shell: number): readonly Cell[] {
  const inner = baseOf(space).map((side) => scaled(side, 2 ** (shell - 1), space.domain));
  const outer = inner.map((side) => scaled(side, 2, space.domain));
  const count = space.domain === 'nonnegative' ? 2 : 4;
  const boxes = products(outer.map((side) => parts(side, count)));
  const isInside = (sides: Bounds) =>
    sides.every(([low, high], d) => {
      const middle = (low + high) / 2;
      return middle > inner[d]![0] && middle < inner[d]![1];
    });
  return boxes.filter((sides) => !isInside(sides)).map((sides) => cellOf(sides, shell));
}

/** The middle that shells are around, and half the window's width, in each dimension. */
export function middleOf(space: Space): readonly { readonly at: number; readonly reach: number }[] {
  return baseOf(space).map(([low, high]) =>
    space.domain === 'nonnegative'
      ? { at: 0, reach: high }
      : { at: (low + high) / 2, reach: (high - low) / 2 },
  );
}

/** Both halves of a box, across one dimension. */
export function halves({ sides, shell }: Cell, dimension: number): readonly [Cell, Cell] {
  const [low, high] = sides[dimension]!;
  const middle = (low + high) / 2;
  return [
    cellOf(sides.with(dimension, [low, middle]), shell),
    cellOf(sides.with(dimension, [middle, high]), shell),
  ];
}

/** Whether row `row` of `[n, D]` points lies in a box. */
export function isIn({ sides }: Cell, points: ArrayLike<number>, row: number): boolean {
  let at = row * sides.length;
  for (const [low, high] of sides) {
    const value = points[at++]!;
    if (!(value >= low && value < high)) return false;
  }
  return true;
}

/** Whether its points can still be told apart in single precision. */
export function canHalve({ sides }: Cell, dimension: number): boolean {
  const [low, high] = sides[dimension]!;
  return high - low > finest * Math.max(Math.abs(low), Math.abs(high));
}

/** Narrower boxes, relative to where they lie, would have points that coincide. */
const finest = 2 ** -16;

/** Data that are not negative may have their window above zero; their space begins there. */
function baseOf({ bounds, domain }: Space): Bounds {
  return domain === 'nonnegative' ? bounds.map(([, high]) => [0, high]) : bounds;
}

function scaled(
  [low, high]: readonly [number, number],
  factor: number,
  domain: Space['domain'],
): readonly [number, number] {
  if (domain === 'nonnegative') return [0, high * factor];
  const [middle, reach] = [(low + high) / 2, ((high - low) / 2) * factor];
  return [middle - reach, middle + reach];
}

function parts([low, high]: readonly [number, number], count: number): Bounds {
  const edge = (i: number) => low + ((high - low) * i) / count;
  return Array.from({ length: count }, (_, i) => [edge(i), edge(i + 1)] as const);
}

/** One of each, in all combinations. */
function products(sides: readonly Bounds[]): readonly Bounds[] {
  return sides.reduce<readonly Bounds[]>(
    (all, choices) => all.flatMap((box) => choices.map((side) => [...box, side])),
    [[]],
  );
}

function cellOf(sides: Bounds, shell: number): Cell {
  const rule = cubatureRule(sides.length);
  const points = new Float32Array(rule.points.length * sides.length);
  let i = 0;
  for (const place of rule.points) {
    for (const [d, [low, high]] of sides.entries()) {
      points[i++] = (low + high) / 2 + ((high - low) / 2) * place[d]!;
    }
  }
  const volume = sides.reduce((product, [low, high]) => product * (high - low), 1);
  return { sides, shell, volume, points };
}
