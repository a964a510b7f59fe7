import path from 'node:path';
import * as z from 'zod';
import {
  type NpyData,
  type NpyHeader,
  NpyTypeError,
  npyHeaderBytes,
  npyNumbers,
  readNpyHeader,
  requireFilled,
} from '../../../run-directory/npy';
import { excerpt } from '../options/excerpt';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import { ClassNames } from './class-names';
import { type DataFile, dataProblem, openDataFile, peeked } from './data-file';
import type { DataMethod } from './data-method';
import type { DataContext } from './dataset';
import type { Domain } from './domain';
import { foreignFormat } from './file-format';
import { isArchive, openEntry } from './npz';
import { numberReader } from './number-text';
import { RowStore } from './row-store';
import { columnNames, datasetOf, memoryForRows, type TableOptions, tableShape } from './table';

export interface NpyOptions extends TableOptions {
  /** Names of the columns, one each. Default `x1`, `x2`, … */
  readonly columns?: readonly string[];
  /** Which array of an archive (`.npz`) is meant. Default `null`: the only one. */
  readonly array?: string | null;
}

export interface NpySpec {
  readonly type: 'npy';
  readonly path: string;
  /** Empty for `x1`, `x2`, … */
  readonly columns: readonly string[];
  readonly array: string | null;
  readonly standardize: boolean | null;
  readonly heldOut: number;
  readonly domain: Domain;
  readonly label: string | null;
  readonly rows: number | null;
}

/**
 * Rows of a NumPy file: an array of numbers of shape `[rows, columns]`, or `[rows]` for one column; by
 * itself (`.npy`) or in an archive (`.npz`).
 *
 * @param path relative to the experiment file
 */
export function npy(path: string, options?: NpyOptions): NpySpec {
  if (typeof path !== 'string') {
    throw new OptionError(
      'data.npy: the first argument is not a path.',
      "Write for example data.npy('measurements.npy').",
      [],
    );
  }
  return specOf(schema, 'data.npy', 'npy', { ...options, path });
}

const schema: z.ZodType<NpySpec> = z.strictObject({
  type: z.literal('npy'),
  path: z.string().min(1),
  columns: columnNames('columns').default([]),
  array: z.string().min(1).nullable().default(null),
  ...tableShape,
});

/** @internal */
export const npyMethod: DataMethod<NpySpec, typeof npy> = {
  create: npy,
  schema,
  domain: ({ domain }) => domain,
  hasLabels: ({ label }) => label !== null,
  async load(spec, context) {
    const file = await openDataFile(spec.path, context);
    const { head, all } = await peeked(await bytesOf(spec, file), npyHeaderBytes);
    const header = headerOf(head, file);
    const layout = layoutOf(header, spec, context, file.path);
    await readRows(all, header, layout, file.path);
    const { store: rows, columns, label, classes } = layout;
    return datasetOf(
      {
        file: file.path,
        source: await file.kept(),
        rows,
        columns: columns.filter((name) => name !== label),
        ...(label === null ? {} : { classes }),
        warnings: [],
      },
      spec,
      context.seed,
    );
  },
};

/** The bytes of the array that is meant. */
async function bytesOf({ array }: NpySpec, file: DataFile): Promise<AsyncIterable<Uint8Array>> {
  if (await isArchive(file.path)) return openEntry(file.path, array);
  if (array === null) return file.contents();
  throw dataProblem(
    file.path,
    `${file.path} is no archive of arrays, so it has no array '${excerpt(array)}'.`,
    'Leave the option array out.',
  );
}

/** No more comes out of a file by unpacking it than so many times its bytes. */
const largestRatio = 1100;

/** @throws ProblemError of kind `data` */
function headerOf(head: Uint8Array, { path: file, size }: DataFile): NpyHeader {
  const foreign = foreignFormat(head, file);
  if (foreign && foreign.name !== 'a NumPy file') {
    throw dataProblem(file, `${file} is ${foreign.name}, not an array of NumPy.`, foreign.remedy);
  }
  try {
    const header = readNpyHeader(head);
    // Before anything is made ready for what cannot come.
    if (header.dataBytes > largestRatio * size) requireFilled(header, size - header.dataStart);
    return header;
  } catch (error) {
    throw noArray(file, error);
  }
}

/** What to do with an array of each kind that holds no numbers of ours, by the letter of its type. */
const conversions: Readonly<Record<string, string>> = {
  O: 'array.astype(float)',
  U: 'array.astype(float)',
  S: 'array.astype(float)',
  c: 'numpy.stack([array.real, array.imag], axis=-1)',
  M: "array.astype('int64')",
  m: "array.astype('int64')",
  f: "array.astype('float64')",
  '[': 'numpy.lib.recfunctions.structured_to_unstructured(array)',
};

const kinds: Readonly<Record<string, string>> = {
  O: 'Python objects',
  U: 'texts',
  S: 'texts',
  c: 'complex numbers',
  M: 'dates',
  m: 'spans of time',
  '[': 'records of named fields',
};

function noArray(file: string, error: unknown) {
  const why = error instanceof Error ? error.message : String(error);
  if (!(error instanceof NpyTypeError)) {
    const isText = /\.(?:[ct]sv|txt)(?:\.gz)?$/i.test(file);
    return dataProblem(
      file,
      `${file} is not a NumPy file of numbers: ${why}`,
      isText
        ? `Load it with data.csv('${path.basename(file)}').`
        : 'Write it with numpy.save, from an array of floats or integers.',
      1,
      error,
    );
  }
  const letter = error.descr.startsWith('[') ? '[' : (error.descr[1] ?? '');
  const kind = kinds[letter] ?? `numbers of type '${excerpt(error.descr)}'`;
  return dataProblem(
    file,
    `${file} is not a NumPy file of numbers: it holds ${kind} (${excerpt(error.descr)}).`,
    `Save it as numbers: numpy.save('${path.basename(file)}', ${conversions[letter] ?? "array.astype('float32')"}).`,
    1,
    error,
  );
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
  readonly classes: ClassNames;
}

function layoutOf(header: NpyHeader, spec: NpySpec, context: DataContext, file: string): Layout {
  const { shape, dtype } = header;
  const [count, dimensions = 1] = shape;
  if (count === undefined || shape.length > 2 || dimensions === 0) {
    throw dataProblem(
      file,
      `${file} holds an array of shape [${shape.join(', ')}].`,
      'Save it as [rows, columns], for example with array.reshape(len(array), -1).',
    );
  }
  const columns =
    spec.columns.length > 0
      ? spec.columns
      : Array.from({ length: dimensions }, (_, d) => `x${d + 1}`);
  if (columns.length !== dimensions) {
    throw dataProblem(
      file,
      `${file} has ${dimensions} columns, but the option columns names ${columns.length}.`,
      'Name every column once, or leave the option out.',
    );
  }
  const { label } = spec;
  const labelAt = label === null ? -1 : columns.indexOf(label);
  if (label !== null && (labelAt === -1 || dimensions === 1)) {
    const shown = columns.slice(0, 20).map((name) => excerpt(name));
    throw dataProblem(
      file,
      labelAt === -1
        ? `${file} has no column '${excerpt(label)}'.`
        : `${file} has no column beside the classes.`,
      `Its columns are ${shown.join(', ')}${columns.length > 20 ? ', …' : ''}.`,
    );
  }
  const places = columns.map((_, d) => {
    if (d === labelAt) return dimensions - 1;
    return labelAt !== -1 && d > labelAt ? d - 1 : d;
  });
  const store = new RowStore({
    file,
    width: dimensions,
    kind: bytesAreSingle(dtype) ? 'single' : 'double',
    rows: spec.rows,
    seed: context.seed,
    memory: context.memory ?? memoryForRows(),
  });
  const classes = new ClassNames(numberReader({ decimal: '.', thousands: null }));
  return { count, columns, label, places, store, classes };
}

/** Whether single precision has every number of a type. */
function bytesAreSingle(dtype: NpyHeader['dtype']): boolean {
  return ['f2', 'f4', 'i1', 'i2', 'u1', 'u2', 'b1'].includes(dtype);
}

/** Holds the rows of an array as its bytes come. */
async function readRows(
  bytes: AsyncIterable<Uint8Array>,
  header: NpyHeader,
  { count, columns, label, places, store, classes }: Layout,
  file: string,
): Promise<void> {
  // Of an array in Fortran order no row is whole before the last column comes.
  const slots = header.fortranOrder ? slotsOf(store, count) : undefined;
  const dimensions = columns.length;
  let [row, d, slot] = [0, 0, -1];
  for await (const numbers of numbersIn(bytes, header, file)) {
    for (const each of numbers) {
      const value = Number(each);
      if (!Number.isFinite(value)) {
        throw dataProblem(
          file,
          `${file}, row ${row + 1}, column ${d + 1} ('${excerpt(columns[d]!)}') is ${value}.`,
          'Correct or remove that row; every value must be finite: array[numpy.isfinite(array).all(axis=-1)] has those that are.',
        );
      }
      if (slots) slot = slots[row]!;
      else if (d === 0) slot = store.next();
      if (slot !== -1) {
        const isClass = label !== null && columns[d] === label;
        store.setAt(slot, places[d]!, isClass ? classes.idOf(String(value)) : value);
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

/** The numbers of an array, in the order of the file. */
async function* numbersIn(
  bytes: AsyncIterable<Uint8Array>,
  header: NpyHeader,
  file: string,
): AsyncGenerator<NpyData> {
  const { dataStart, dataBytes, itemBytes } = header;
  let skip = dataStart;
  let got = 0;
  let kept: Uint8Array = new Uint8Array();
  for await (const chunk of bytes) {
    const from = Math.min(skip, chunk.length);
    skip -= from;
    got += chunk.length - from;
    if (got > dataBytes) continue;
    const joined = Buffer.concat([kept, chunk.subarray(from)]);
    const whole = joined.length - (joined.length % itemBytes);
    kept = joined.subarray(whole);
    // In a buffer of its own.
    if (whole > 0) yield npyNumbers(header, new Uint8Array(joined.subarray(0, whole)));
  }
  try {
    requireFilled(header, got);
  } catch (error) {
    throw noArray(file, error);
  }
}
