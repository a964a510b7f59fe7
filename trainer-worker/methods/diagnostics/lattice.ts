import type { Bounds } from '../data/bounds';
import { gridPoints } from './grid';

/** The window in equal cells, by their middles: the midpoint rule, which is very good for what is smooth. */
export interface Lattice {
  readonly bounds: Bounds;
  /** Along each side; a multiple of three. */
  readonly cells: number;
  /** `[cells^D, D]`, the first coordinate changing fastest. */
  readonly points: Float32Array;
  /** Of a cell. */
  readonly volume: number;
}

/** Cells along each side: in one dimension they cost little. */
const cellsAlong: Readonly<Record<number, number>> = { 1: 4098, 2: 96 };

/** @param resolution cells along each side of a landscape whose energies are known, where that is fine enough */
export function latticeOf(bounds: Bounds, resolution: number): Lattice {
  const usual = cellsAlong[bounds.length]!;
  const cells = resolution >= usual && resolution % 3 === 0 ? resolution : usual;
  const volume = bounds.reduce((product, [low, high]) => product * ((high - low) / cells), 1);
  return { bounds, cells, points: gridPoints(bounds, cells), volume };
}

/** An integral by a lattice. */
export interface LatticeSum {
  readonly value: number;
  /**
   * How far the lattices of every third point are from it. Their error is larger than its own: ten times
   * and more at a kink, wherever that lies between points, and about the ninth root of it where all is
   * smooth (Trefethen & Weideman 2014).
   */
  readonly error: number;
}

/** @param terms the integrand at the lattice's points */
export function latticeSum({ cells, volume, bounds }: Lattice, terms: Float64Array): LatticeSum {
  const dimensions = bounds.length;
  const sums = new Float64Array(3 ** dimensions);
  for (const [i, term] of terms.entries()) {
    const third = dimensions === 1 ? i % 3 : 3 * (Math.floor(i / cells) % 3) + ((i % cells) % 3);
    sums[third]! += term;
  }
  const value = sums.reduce((sum, part) => sum + part, 0) * volume;
  const apart = sums.map((part) => Math.abs(part * sums.length * volume - value));
  return { value, error: Math.max(...apart) };
}

/** Whether a point of the lattice has a neighbour outside the window. */
export function isOnBorder({ cells, bounds }: Lattice, i: number): boolean {
  const onEdge = (at: number) => at === 0 || at === cells - 1;
  return bounds.length === 1 ? onEdge(i) : onEdge(i % cells) || onEdge(Math.floor(i / cells));
}

/** The points around row `row` of `[n, D]` points, by index; none where that lies outside the window. */
export function around(
  { cells, bounds }: Lattice,
  points: Float32Array,
  row: number,
): readonly number[] {
  const dimensions = bounds.length;
  const at = bounds.map(([low, high], d) =>
    Math.floor(((points[row * dimensions + d]! - low) / (high - low)) * cells),
  );
  if (at.some((cell) => !(cell >= 0 && cell < cells))) return [];
  const nearby = (cell: number) =>
    [cell - 1, cell, cell + 1].filter((near) => near >= 0 && near < cells);
  const [columns, rows] = at.map(nearby) as [number[], number[]?];
  return rows ? rows.flatMap((r) => columns.map((c) => r * cells + c)) : columns;
}
