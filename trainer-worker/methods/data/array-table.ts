import { excerpt } from '../options/excerpt';
import type { ArraySpec } from './array-set';
import type { ClassNames } from './class-names';
import type { ColumnLevels } from './column-levels';
import { binaryProblem } from './data-file';
import type { DataContext } from './dataset';
import { requireAsManyClasses } from './labels';
import { RowStore } from './row-store';
import { memoryForRows } from './table';
import { numbersOf, type Tensor } from './tensor';

/** The classes of rows: those met so far, and of each row where an array of its own has them. */
interface Classes {
  readonly classNames: ClassNames;
  readonly classes: ArrayLike<number> | undefined;
  /** Of categorical columns. */
  readonly levels: ColumnLevels | undefined;
}

/**
 * Reads an array of shape `[rows, columns]`, or `[rows]` for one column.
 *
 * @throws ProblemError of kind `data` that names the row and the column
 */
export async function readTable(
  tensor: Tensor,
  spec: ArraySpec,
  context: DataContext,
  classes: Classes,
) {
  requireAsManyClasses(tensor.file.path, classes.classes, tensor.header.shape[0]!);
  const layout = layoutOf(tensor, spec, context, classes);
  await readRows(tensor, layout);
  const { store: rows, columns, label } = layout;
  return { file: tensor.file.path, rows, columns: columns.filter((name) => name !== label) };
}

/** How the numbers of an array become rows. */
interface Layout {
  readonly count: number;
  /** Names of all columns of the array. */
  readonly columns: readonly string[];
  readonly label: string | null;
  /** Where the number of a column is held: its place among the points, or behind them for the class. */
  readonly places: readonly number[];
  readonly store: RowStore;
  readonly classNames: ClassNames;
  /** The class of each row, where an array of its own has them. */
  readonly classes: ArrayLike<number> | undefined;
  /** Of categorical columns. */
  readonly levels: ColumnLevels | undefined;
}

function layoutOf(
  { header, file: { path: file } }: Tensor,
  spec: ArraySpec,
  context: DataContext,
  { classNames, classes, levels }: Classes,
): Layout {
  const { shape, isSingle } = header;
  const [count, dimensions = 1] = shape as [number, number?];
  const columns =
    spec.columns.length > 0
      ? spec.columns
      : Array.from({ length: dimensions }, (_, d) => `x${d + 1}`);
  if (columns.length !== dimensions) {
    throw binaryProblem(
      `${file} has ${dimensions} columns, but the option columns names ${columns.length}.`,
      'Name every column once, or leave the option out.',
    );
  }
  const { label } = spec;
  const labelAt = label === null ? -1 : columns.indexOf(label);
  if (label !== null && (labelAt === -1 || dimensions === 1)) {
    const shown = columns.slice(0, 20).map((name) => excerpt(name));
    throw binaryProblem(
      labelAt === -1
        ? `${file} has no column '${excerpt(label)}'.`
        : `${file} has no column beside the classes.`,
      `Its columns are ${shown.join(', ')}${columns.length > 20 ? ', …' : ''}.`,
    );
  }
  const width = dimensions + (classes ? 1 : 0);
  const places = columns.map((_, d) => {
    if (d === labelAt) return width - 1;
    return labelAt !== -1 && d > labelAt ? d - 1 : d;
  });
  const store = new RowStore({
    file,
    width,
    // A number of a class may be any whole one.
    kind: isSingle && !classes ? 'single' : 'double',
    rows: spec.rows,
    seed: context.seed,
    memory: context.memory ?? memoryForRows(),
  });
  return { count, columns, label, places, store, classNames, classes, levels };
}

/** Holds the rows of an array as its bytes come. */
async function readRows(
  tensor: Tensor,
  { count, columns, label, places, store, classNames, classes, levels }: Layout,
): Promise<void> {
  const {
    header,
    file: { path: file },
  } = tensor;
  // Of an array in Fortran order no row is whole before the last column comes.
  const slots = header.fortranOrder ? slotsOf(store, count) : undefined;
  const dimensions = columns.length;
  let [row, d, slot] = [0, 0, -1];
  for await (const numbers of numbersOf(tensor)) {
    for (const each of numbers) {
      const value = Number(each);
      if (!Number.isFinite(value)) {
        throw binaryProblem(
          `${file}, row ${row + 1}, column ${d + 1} ('${excerpt(columns[d]!)}') is ${value}.`,
          'Correct or remove that row; every value must be finite: array[numpy.isfinite(array).all(axis=-1)] has those that are.',
        );
      }
      if (slots) slot = slots[row]!;
      else if (d === 0) slot = store.next();
      if (slot !== -1) {
        const isClass = label !== null && columns[d] === label;
        const names = isClass ? classNames : levels?.of(columns[d]!);
        store.setAt(slot, places[d]!, names ? names.idOf(String(value)) : value);
        if (classes && d === 0) store.setAt(slot, columns.length, classes[row]!);
      }
      if (slots) {
        row += 1;
        if (row === count) [row, d] = [0, d + 1];
      } else {
        d += 1;
        if (d === dimensions) [row, d] = [row + 1, 0];
      }
    }
  }
}

/** Where each row is held in the end; -1 for those that are not. */
function slotsOf(store: RowStore, count: number): Float64Array {
  const slots = new Float64Array(count).fill(-1);
  const holders: number[] = [];
  for (let row = 0; row < count; row++) {
    const slot = store.next();
    if (slot === -1) continue;
    const before = holders[slot];
    if (before !== undefined) slots[before] = -1;
    holders[slot] = row;
    slots[row] = slot;
  }
  return slots;
}
