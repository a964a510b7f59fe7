import type { Arrangement } from './image-sheet';

/** What is known of the rows of a sheet, a number each; NaN and what lies beyond the end is not known. */
export interface RowFacts {
  readonly energies?: Float32Array;
  /** Training steps since each chain began. */
  readonly ages?: Float32Array;
  /** Numbers of classes. */
  readonly classes?: Float32Array;
  /** Euclidean norms of their numbers. */
  readonly norms?: Float32Array;
}

/** Orders of a sheet: what is told of each, what it goes by, and whether large numbers come first. */
export const sheetOrders = [
  { name: 'By index', by: undefined, isFalling: false },
  { name: 'Lowest energy first', by: 'energies', isFalling: false },
  { name: 'Highest energy first', by: 'energies', isFalling: true },
  { name: 'Oldest chain first', by: 'ages', isFalling: true },
  { name: 'Youngest chain first', by: 'ages', isFalling: false },
  { name: 'Largest norm first', by: 'norms', isFalling: true },
  { name: 'Smallest norm first', by: 'norms', isFalling: false },
  { name: 'By class, a row each', by: 'classes', isFalling: false },
] as const satisfies readonly {
  readonly name: string;
  readonly by: keyof RowFacts | undefined;
  readonly isFalling: boolean;
}[];

export type SheetOrder = (typeof sheetOrders)[number];

/** Numbers of `count` rows in an order; equal ones by index, those of which it is not known last. */
export function ordered(count: number, { by, isFalling }: SheetOrder, facts: RowFacts): Int32Array {
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  const known = by && facts[by];
  if (known === undefined) return rows;
  const keys = Float64Array.from(rows, (row) => known[row] ?? Number.NaN);
  const sign = isFalling ? -1 : 1;
  return rows.sort((a, b) => {
    const [left, right] = [keys[a]!, keys[b]!];
    if (left === right) return a - b;
    if (Number.isNaN(left) || Number.isNaN(right)) {
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right)) || a - b;
    }
    return left < right ? -sign : sign;
  });
}

/**
 * Rows in lines of so many; by class, each class is one line, as long as it is, and is named there.
 *
 * @param rows in that order, as {@link ordered} gives them
 */
export function arranged(
  rows: Int32Array,
  order: SheetOrder,
  facts: RowFacts,
  columns: number,
  names: readonly string[] = [],
): Arrangement {
  const { classes } = facts;
  if (order.by !== 'classes' || classes === undefined) {
    return { cells: rows, columns: Math.max(1, Math.min(rows.length, columns)), headings: [] };
  }
  const lines = new Map<number, number[]>();
  for (const row of rows) {
    const own = classes[row] ?? Number.NaN;
    const line = lines.get(own);
    if (line) line.push(row);
    else lines.set(own, [row]);
  }
  const longest = Math.max(1, ...[...lines.values()].map(({ length }) => length));
  const cells = new Int32Array(longest * lines.size).fill(-1);
  const headings = [...lines].map(([own, line], row) => {
    cells.set(line, row * longest);
    return { row, name: className(own, names) };
  });
  return { cells, columns: longest, headings };
}

/** What a class is called. */
export function className(number: number, names: readonly string[]): string {
  return Number.isNaN(number) ? 'not known' : (names[number] ?? String(number));
}
