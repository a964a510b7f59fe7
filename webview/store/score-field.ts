import { energyAt } from './energy-range';

/** Energies over a window: `[resolution, resolution]`, row-major, rows along y. */
export interface EnergyGrid {
  readonly values: Float32Array;
  readonly resolution: number;
}

/** Width and height of a window in the units of the model. */
export type WindowSize = readonly [width: number, height: number];

/** The score -∇E at a place, per unit of the model, and about how wrong each part of it may be. */
export interface ScoreAt {
  readonly x: number;
  readonly y: number;
  readonly xError: number;
  readonly yError: number;
}

/** What single precision leaves of a number is known to this share of it. */
const singlePrecision = 2 ** -23;

/**
 * The score at a place of a field, by central differences over a cell to either side (one-sided at the
 * edge); none where the energy there is no finite number.
 *
 * Its error is told by the difference to the same over two cells: differences over h are off by O(h²), so
 * that this is three times what the first alone is off, and what interpolation between cells adds is less.
 *
 * @param u position along x, 0 to 1 over the window
 * @param v position along y, 0 to 1 over the window
 */
export function scoreAt(
  grid: EnergyGrid,
  [width, height]: WindowSize,
  u: number,
  v: number,
): ScoreAt | undefined {
  const x = slope((at) => energyAt(grid.values, grid.resolution, at, v), u, grid.resolution);
  const y = slope((at) => energyAt(grid.values, grid.resolution, u, at), v, grid.resolution);
  const score = {
    x: -x.value / width,
    y: -y.value / height,
    xError: x.error / width,
    yError: y.error / height,
  };
  return Object.values(score).every(Number.isFinite) ? score : undefined;
}

/** The slope of energies along an axis, over the whole window as 1. */
function slope(energy: (at: number) => number, at: number, resolution: number) {
  // Beyond the outermost middles of cells energies do not go on.
  const inside = (share: number) =>
    Math.min(1 - 0.5 / resolution, Math.max(0.5 / resolution, share));
  const over = (cells: number) => {
    const [from, to] = [inside(at - cells / resolution), inside(at + cells / resolution)];
    const [low, high] = [energy(from), energy(to)];
    const rounding = (singlePrecision * Math.max(Math.abs(low), Math.abs(high))) / (to - from);
    return { value: (high - low) / (to - from), rounding };
  };
  const [near, far] = [over(1), over(2)];
  // One-sided differences are off by O(h), in the outermost half cell by twice what the two differ by.
  const factor = Math.min(at, 1 - at) * resolution < 1 ? 3 : 1;
  return { value: near.value, error: factor * Math.abs(near.value - far.value) + near.rounding };
}

/** Scores on a coarse grid, to be drawn as arrows. */
export interface ScoreArrows {
  /** u, v (0 to 1 over the window) and the score along x and y, of each arrow. */
  readonly values: Float32Array;
  /** The size of a score that is drawn at full length: nine tenths are at most as large. */
  readonly scale: number;
}

/** Scores in the middles of `columns` by `rows` equal parts of the window, where they are finite. */
export function scoreArrows(
  grid: EnergyGrid,
  size: WindowSize,
  columns: number,
  rows: number,
): ScoreArrows {
  const found: number[] = [];
  const sizes: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [u, v] = [(column + 0.5) / columns, (row + 0.5) / rows];
      const score = scoreAt(grid, size, u, v);
      if (score === undefined) continue;
      found.push(u, v, score.x, score.y);
      sizes.push(Math.hypot(score.x, score.y));
    }
  }
  sizes.sort((a, b) => a - b);
  return {
    values: Float32Array.from(found),
    scale: sizes[Math.ceil(0.9 * (sizes.length - 1))] ?? 0,
  };
}
