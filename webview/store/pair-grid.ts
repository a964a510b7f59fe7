import { column } from './point-set';

/** Of more columns nothing would be seen. */
const mostPairColumns = 8;
/** Of wider tables the first columns can be chosen. */
export const mostChoices = 48;
const fewestPairColumns = 2;
/** Columns that are shown until others are chosen. */
const firstPairColumns = 5;

/** The columns kept, ascending, as far as a sample has them; where fewer than two are left, the first. */
export function validPairColumns(
  kept: readonly number[] | undefined,
  dimensions: number,
): readonly number[] {
  const known = [...new Set(kept)].filter((k) => k < Math.min(dimensions, mostChoices));
  return known.length >= fewestPairColumns
    ? known.slice(0, mostPairColumns).sort((a, b) => a - b)
    : Array.from({ length: Math.min(firstPairColumns, dimensions) }, (_, k) => k);
}

/** The columns with one more or less; nothing where that would be too many or too few. */
export function withToggled(
  columns: readonly number[],
  dimension: number,
): readonly number[] | undefined {
  const next = columns.includes(dimension)
    ? columns.filter((k) => k !== dimension)
    : [...columns, dimension].sort((a, b) => a - b);
  return next.length >= fewestPairColumns && next.length <= mostPairColumns ? next : undefined;
}

/** A place in the grid of pairs: row and column from the top left. */
export interface PairCell {
  readonly row: number;
  readonly column: number;
}

/** Where the cells of a grid are, in CSS pixels. */
export interface PairGrid {
  readonly count: number;
  readonly left: number;
  readonly top: number;
  /** Of each cell. */
  readonly width: number;
  readonly height: number;
  readonly gap: number;
}

/** A grid of so many rows and columns that fits; cells are at most as high as they are wide. */
export function pairGrid(
  count: number,
  [width, maxHeight]: readonly [number, number],
  margin: Readonly<Record<'left' | 'right' | 'top' | 'bottom', number>>,
): PairGrid {
  const gap = 6;
  const share = (free: number) => Math.floor((free - gap * (count - 1)) / count);
  const cellWidth = Math.max(24, share(width - margin.left - margin.right));
  const cellHeight = Math.max(24, share(maxHeight - margin.top - margin.bottom));
  return {
    ...{ count, gap, left: margin.left, top: margin.top },
    width: cellWidth,
    height: Math.min(cellWidth, cellHeight),
  };
}

/** Where a cell is. */
export function boxOf(
  { left, top, width, height, gap }: PairGrid,
  { row, column: across }: PairCell,
) {
  return {
    left: left + across * (width + gap),
    top: top + row * (height + gap),
    ...{ width, height },
  };
}

/** The cells below the diagonal, row by row: two columns each. */
export function pairCells(count: number): readonly PairCell[] {
  const cells: PairCell[] = [];
  for (let row = 1; row < count; row++) {
    for (let across = 0; across < row; across++) cells.push({ row, column: across });
  }
  return cells;
}

/**
 * Pearson's correlation of two columns of `[count, dimensions]` rows; none where one of them does not vary
 * or is not finite.
 */
export function correlation(
  values: Float32Array,
  dimensions: number,
  [first, second]: readonly [number, number],
): number | undefined {
  const [a, b] = [deviations(values, dimensions, first), deviations(values, dimensions, second)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let row = 0; row < a.length; row++) {
    ab += a[row]! * b[row]!;
    aa += a[row]! * a[row]!;
    bb += b[row]! * b[row]!;
  }
  const found = ab / Math.sqrt(aa * bb);
  return Number.isFinite(found) ? Math.min(1, Math.max(-1, found)) : undefined;
}

/** A column from its mean. */
function deviations(values: Float32Array, dimensions: number, dimension: number): Float64Array {
  // From its first value on, so that nothing is left of one that does not vary.
  const [start = 0] = values.subarray(dimension);
  const found = Float64Array.from(column(values, dimensions, dimension), (value) => value - start);
  const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
  return found.map((value) => value - mean);
}
