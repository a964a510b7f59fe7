import { freemem } from 'node:os';
import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import type { DataTransform, KeptFile } from '../../../protocol/run';
import { excerpt } from '../options/excerpt';
import { fraction, integer } from '../options/numbers';
import { categoricalRows } from './categorical-rows';
import type { Category } from './categories';
import type { ClassNames } from './class-names';
import { type ColumnLevels, categoryOf, levelList } from './column-levels';
import type { ScaledDataset } from './data-method';
import type { DataLabels } from './dataset';
import type { Domain } from './domain';
import type { RowStore } from './row-store';
import { splitOf } from './split';

/** Options that every source of measured rows has. */
export interface TableOptions {
  /**
   * Whether each column is shifted to mean 0 and scaled to standard deviation 1 (both of the
   * training rows). Default `null`: where the domain is `'real'`, and only there it is possible;
   * step sizes then mean the same for every column.
   */
  readonly standardize?: boolean | null;
  /**
   * Where the numbers lie: `'real'`, `'nonnegative'`, `'binary'` for rows of zeros and ones, or
   * `'categorical'` for columns of levels, texts or numbers. Default `'real'`.
   */
  readonly domain?: Domain;
  /**
   * The levels of categorical columns, such as `{ island: ['Biscoe', 'Dream', 'Torgersen'] }`, 2 to 256
   * each: values are these names, or their places from 0. Default `null`: of each column those that its
   * rows have, by their numbers or letters.
   */
  readonly levels?: Readonly<Record<string, readonly string[]>> | null;
  /**
   * Name of the column that holds the class of each row, for labelled objectives and energies; it
   * is not part of the points. Default `null`: rows have no classes.
   */
  readonly label?: string | null;
  /**
   * How many rows of the file are used at most, drawn by the seed with equal chances, 3 to
   * 4 294 967 295. Default
   * `null`: all.
   */
  readonly rows?: number | null;
}

/** Options of what is held out to measure on. */
export interface SplitOptions {
  /**
   * What is held out to measure on: a share of the rows, 0 to 1, at least one row; or a file of the same
   * kind that has such rows, of `data.npz` and `data.safetensors` the name of an array in the same file.
   * Default 0.1.
   */
  readonly heldOut?: number | string;
  /**
   * Decides which rows are held out where a share is, from 0. Default `null`: the seed of the experiment;
   * with a seed of their own, runs of several seeds are measured on the same rows.
   */
  readonly splitSeed?: number | null;
}

/** The schemas of {@link SplitOptions}. @internal */
export const splitFields = {
  heldOut: z
    // A number in quotes is a slip; who has a file of such a name writes './1'.
    .union([fraction, z.string().regex(/[^\d.]/, 'a share of 0 to 1, or the name of a file')])
    .default(0.1),
  splitSeed: integer(0).nullable().default(null),
};

/** The schemas of {@link TableOptions}. @internal */
export const tableFields = {
  standardize: z.boolean().nullable().default(null),
  domain: z.enum(['real', 'nonnegative', 'binary', 'categorical']).default('real'),
  levels: z.record(z.string(), levelList).nullable().default(null),
  label: z.string().nullable().default(null),
  rows: integer(3, 2 ** 32 - 1)
    .nullable()
    .default(null),
};

/** The schema of names of columns, each once. @internal */
export function columnNames(option: string) {
  return z.array(z.string()).refine((names) => repeated(names) === undefined, {
    error: ({ input }) => {
      const name = repeated(input as readonly string[])!;
      const places = (input as readonly string[]).flatMap((other, at) =>
        other === name ? [at + 1] : [],
      );
      return `'${option}' has '${excerpt(name)}' at places ${places.join(' and ')}.`;
    },
    params: { remedy: 'Name every column once.' },
  });
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, at) => names.indexOf(name) !== at);
}

/** Numbers as a file has them. */
interface TableRows {
  /** Absolute path, for messages. */
  readonly file: string;
  /** Beside the numbers of `columns`, the number of the class where rows have classes. */
  readonly rows: RowStore;
  readonly columns: readonly string[];
  /** What the levels of categorical columns are called; their rows have the numbers of these. */
  readonly levels?: ColumnLevels;
}

/** Rows as a file has them, and what was learned of it. */
interface Table extends TableRows {
  readonly sources: readonly KeptFile[];
  readonly classes?: ClassNames;
  /** Rows of the file that were left out for a missing number. Default 0. */
  readonly incomplete?: number;
  readonly warnings: readonly string[];
  /** What else to do about a column that does not vary, one sentence. */
  readonly ifConstant?: string;
  /** See {@link Dataset.notes}. */
  readonly notes?: readonly string[];
}

/**
 * Bytes that rows of data may take on this machine: most of what is free.
 *
 * @internal
 */
export function memoryForRows(): number {
  // Of the system or of the container, whichever is less.
  const { availableMemory } = process as { readonly availableMemory?: () => number };
  return 0.8 * (availableMemory?.call(process) ?? freemem());
}

/**
 * Splits the rows of a file into training and held-out ones and standardises them.
 *
 * @param seed decides which rows are held out
 * @param others the held-out rows, with the same columns, where they are in a file of their own
 * @throws ProblemError of kind `data` where there are too few rows, a column does not vary or a
 *   value lies outside the domain
 * @internal
 */
export function datasetOf(
  table: Table,
  options: Required<Pick<TableOptions, 'standardize' | 'domain' | 'levels'>> & {
    readonly heldOut: number;
  },
  seed: number,
  others?: TableRows,
): ScaledDataset {
  const { file, rows, columns, classes, incomplete = 0 } = table;
  const { domain } = options;
  requireLevelsMeant(table, options);
  const standardize = options.standardize ?? domain === 'real';
  const dimensions = columns.length;
  const { count } = rows;
  if (count < 3) {
    throw new ProblemError({
      kind: 'data',
      message: `${file} has ${count} rows of data; training needs at least 3.`,
      remedy: 'Use a file with more rows.',
    });
  }
  requireDomain(table, domain, standardize);
  if (others) requireLike(table, others, domain, standardize);
  const { training, heldOut } = others
    ? { training: placesOf(rows), heldOut: placesOf(others.rows) }
    : splitOf(count, options.heldOut, seed);
  // Behind a row that was left out the numbers would be others than the file's.
  const isNumbered = rows.isWhole && incomplete === 0;
  const numbered = {
    ...(isNumbered ? { trainingNumbers: training.map((index) => index + 1) } : {}),
    ...(isNumbered && !others ? { heldOutNumbers: heldOut.map((index) => index + 1) } : {}),
  };
  const labelled = classes
    ? { labels: labelsOf([rows, training], [others?.rows ?? rows, heldOut], dimensions, classes) }
    : {};
  const warnings = [...table.warnings];
  if (domain === 'categorical') {
    const { categories, codes } = categoriesOf(table, others, options.levels ?? {});
    return {
      ...categoricalRows(categories, codes(table, training), codes(others ?? table, heldOut)),
      ...numbered,
      logScale: 0,
      ...labelled,
      files: table.sources,
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(table.notes && table.notes.length > 0 ? { notes: table.notes } : {}),
    };
  }
  const moments = momentsOf(rows, dimensions, training);
  if (standardize) {
    moments.forEach((moment, d) => {
      requireSpread(table, columns[d]!, moment);
    });
  } else if (domain === 'real') warnings.push(...coarse(file, columns, moments));
  const transform = standardize
    ? { mean: moments.map(({ mean }) => mean), scale: moments.map(({ deviation }) => deviation) }
    : undefined;
  return {
    dimensions,
    axes: columns,
    training: singlePrecision(table, training, transform),
    heldOut: singlePrecision(others ?? table, heldOut, transform),
    ...numbered,
    domain,
    logScale: logScaleOf(transform),
    ...labelled,
    ...(transform ? { transform } : {}),
    files: table.sources,
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(table.notes && table.notes.length > 0 ? { notes: table.notes } : {}),
  };
}

/** @throws ProblemError of kind `data` where levels are named of what has none */
function requireLevelsMeant(
  { file, columns }: TableRows,
  { domain, levels }: Required<Pick<TableOptions, 'domain' | 'levels'>>,
): void {
  if (levels === null) return;
  if (domain !== 'categorical') {
    throw new ProblemError({
      kind: 'data',
      message: `The option levels names levels of ${file}, whose values are ${domain} numbers.`,
      remedy: "Add domain: 'categorical', or leave levels out.",
    });
  }
  const unknown = Object.keys(levels).find((name) => !columns.includes(name));
  if (unknown === undefined) return;
  throw new ProblemError({
    kind: 'data',
    message: `The option levels names levels of a column '${excerpt(unknown)}', which is none of those used of ${file}.`,
    remedy: `Its columns are ${columns
      .slice(0, 20)
      .map((name) => excerpt(name))
      .join(', ')}${columns.length > 20 ? ', …' : ''}.`,
  });
}

/** The categories that columns are, and the codes of rows. */
function categoriesOf(
  table: TableRows,
  others: TableRows | undefined,
  given: Readonly<Record<string, readonly string[]>>,
): {
  readonly categories: readonly Category[];
  codes(of: TableRows, places: Uint32Array): Uint16Array;
} {
  const { file, columns, levels } = table;
  if (levels === undefined)
    throw new Error('Categorical rows come with the names of their levels.');
  const found = columns.map((name, d) => {
    const ids = new Set<number>();
    for (const { rows } of others ? [table, others] : [table]) {
      for (let row = 0; row < rows.count; row++) ids.add(rows.at(row, d));
    }
    const own = Object.hasOwn(given, name) ? given[name] : undefined;
    return categoryOf({ file, name, names: levels.of(name), found: [...ids], given: own });
  });
  return {
    categories: found.map(({ category }) => category),
    codes({ rows }, places) {
      const out = new Uint16Array(places.length * columns.length);
      for (const [row, place] of places.entries()) {
        for (const [d, { codes }] of found.entries()) {
          out[row * columns.length + d] = codes.get(rows.at(place, d))!;
        }
      }
      return out;
    },
  };
}

/** All places of a store, in order. */
function placesOf({ count }: RowStore): Uint32Array {
  return Uint32Array.from({ length: count }, (_, place) => place);
}

/** @throws ProblemError of kind `data` where rows cannot be held-out ones of a table */
function requireLike(table: TableRows, others: TableRows, domain: Domain, standardize: boolean) {
  const isAlike =
    others.columns.length === table.columns.length &&
    others.columns.every((name, d) => name === table.columns[d]);
  if (!isAlike || others.rows.count === 0) {
    throw new ProblemError({
      kind: 'data',
      message: isAlike
        ? `${others.file} has no rows to hold out.`
        : `${others.file} has ${others.columns.length} columns that are not the ${table.columns.length} of ${table.file}.`,
      remedy: 'Hold out rows of the same columns.',
    });
  }
  requireDomain(others, domain, standardize);
}

/** log |∂ raw / ∂ model| of data that were standardised, in nats. */
function logScaleOf(transform: DataTransform | undefined): number {
  return transform ? transform.scale.reduce((sum, scale) => sum + Math.log(scale), 0) : 0;
}

/** `[indices, D]` rows, standardised. */
function singlePrecision(
  { file, rows, columns }: TableRows,
  indices: Uint32Array,
  transform: DataTransform | undefined,
): Float32Array {
  const dimensions = columns.length;
  const out = new Float32Array(indices.length * dimensions);
  for (const [row, index] of indices.entries()) {
    for (let d = 0; d < dimensions; d++) {
      const raw = rows.at(index, d);
      const value = transform ? (raw - transform.mean[d]!) / transform.scale[d]! : raw;
      const single = Math.fround(value);
      if (!Number.isFinite(single)) {
        throw new ProblemError({
          kind: 'data',
          message: `${file} has ${raw} in column '${excerpt(columns[d]!)}', which is beyond single precision (3.4e38), in which models are trained.`,
          remedy: 'Write that column in a larger unit, or set standardize: true.',
        });
      }
      out[row * dimensions + d] = single;
    }
  }
  return out;
}

/** Classes in the order of their numbers where all are numbers, else of their letters. */
function labelsOf(
  training: readonly [RowStore, Uint32Array],
  heldOut: readonly [RowStore, Uint32Array],
  column: number,
  classes: ClassNames,
): DataLabels {
  const { names } = classes;
  // Of rows that were drawn from a file some classes may have none.
  const found = new Set<number>();
  for (const [rows, chosen] of [training, heldOut]) {
    for (const row of chosen) found.add(rows.at(row, column));
  }
  const sorted = classes.sorted([...found]);
  const indices = new Map(sorted.map((id, index) => [id, index]));
  const of = ([rows, chosen]: readonly [RowStore, Uint32Array]) =>
    Float32Array.from(chosen, (row) => indices.get(rows.at(row, column))!);
  return { classes: sorted.map((id) => names[id]!), training: of(training), heldOut: of(heldOut) };
}

/** @throws ProblemError of kind `data` that names the first value outside the domain */
function requireDomain({ file, rows, columns }: TableRows, domain: Domain, standardize: boolean) {
  if (domain === 'real') return;
  if (standardize) {
    throw new ProblemError({
      kind: 'data',
      message: `${file} cannot be standardised: its values would not stay ${domain}.`,
      remedy: "Remove standardize: true, or set domain: 'real'.",
    });
  }
  if (domain === 'categorical') return;
  const isOutside = (value: number) =>
    domain === 'binary' ? value !== 0 && value !== 1 : value < 0;
  for (let row = 0; row < rows.count; row++) {
    for (const [d, column] of columns.entries()) {
      const value = rows.at(row, d);
      if (!isOutside(value)) continue;
      throw new ProblemError({
        kind: 'data',
        message: `${file}: row ${row + 1} of its data has ${value} in column '${excerpt(column)}', which is not ${domain === 'binary' ? '0 or 1' : 'zero or above'}.`,
        remedy: `Correct the data, or remove domain: '${domain}'.`,
      });
    }
  }
}

/** What a column is like in the training rows. */
interface ColumnMoments {
  readonly mean: number;
  /** Of the population. */
  readonly deviation: number;
}

/** Of all columns at once: each row is somewhere else in memory. */
function momentsOf(rows: RowStore, dimensions: number, indices: Uint32Array): ColumnMoments[] {
  const mean = new Float64Array(dimensions);
  for (const index of indices) {
    for (let d = 0; d < dimensions; d++) mean[d]! += rows.at(index, d);
  }
  for (let d = 0; d < dimensions; d++) mean[d]! /= indices.length;
  const squares = new Float64Array(dimensions);
  for (const index of indices) {
    for (let d = 0; d < dimensions; d++) squares[d]! += (rows.at(index, d) - mean[d]!) ** 2;
  }
  return Array.from(mean, (value, d) => ({
    mean: value,
    deviation: Math.sqrt(squares[d]! / indices.length),
  }));
}

/** Squares of what is smaller or larger than its root have no place in double precision. */
const [smallestDeviation, largestDeviation] = [1e-150, 1e150];

/** @throws ProblemError of kind `data` where a column cannot be standardised */
function requireSpread(
  { file, ifConstant }: Table,
  column: string,
  { mean, deviation }: ColumnMoments,
): void {
  const shown = `Column '${excerpt(column)}' of ${file}`;
  // Rounding leaves a constant column a deviation of about 1e-16 of its size.
  const isTiny = mean !== 0 && Math.abs(mean) < smallestDeviation;
  if (deviation <= 1e-12 * Math.abs(mean) && !isTiny) {
    throw new ProblemError({
      kind: 'data',
      message: `${shown} has the same value in every training row, so it cannot be standardised.`,
      remedy: `Leave the column out, or set standardize: false.${ifConstant ? ` ${ifConstant}` : ''}`,
    });
  }
  if (deviation < smallestDeviation || !(deviation <= largestDeviation)) {
    throw new ProblemError({
      kind: 'data',
      message: `${shown} has numbers so large or so small that their squares cannot be computed.`,
      remedy: 'Write it in another unit.',
    });
  }
}

/** Of a column's deviation, what rounding to single precision may at most take away unmentioned. */
const coarseness = 0.01;

/** Which columns lose what tells their values apart when they are rounded to single precision. */
function coarse(file: string, columns: readonly string[], moments: readonly ColumnMoments[]) {
  return moments.flatMap(({ mean, deviation }, d) => {
    const spacing = 2 ** (Math.floor(Math.log2(Math.abs(mean))) - 23);
    if (deviation === 0 || spacing <= coarseness * deviation) return [];
    return [
      `Column '${excerpt(columns[d]!)}' of ${file} varies by ${deviation.toPrecision(3)} around ${mean.toPrecision(8)}, which single precision rounds by up to ${(spacing / 2).toPrecision(3)}: standardize: true keeps what it has.`,
    ];
  });
}
