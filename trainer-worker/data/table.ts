import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { ProblemError } from '../../protocol/problem';
import type { DataTransform, KeptFile } from '../../protocol/run';
import { fraction } from '../options/numbers';
import { Random, streams } from '../random/random';
import type { DataContext, DataLabels, Dataset } from './dataset';
import type { Domain } from './domain';

/** Options that every source of measured rows has. */
export interface TableOptions {
  /**
   * Whether each column is shifted to mean 0 and scaled to standard deviation 1 (both of the
   * training rows). Default `null`: where the domain is `'real'`, and only there it is possible;
   * step sizes then mean the same for every column.
   */
  readonly standardize?: boolean | null;
  /**
   * Where the numbers lie: `'real'`, `'nonnegative'`, or `'binary'` for rows of zeros and ones.
   * Default `'real'`.
   */
  readonly domain?: Domain;
  /**
   * Name of the column that holds the class of each row, for labelled objectives and energies; it
   * is not part of the points. Default `null`: rows have no classes.
   */
  readonly label?: string | null;
  /** Share of the rows that is held out to measure on, 0 to 1, at least one row. Default 0.1. */
  readonly heldOut?: number;
}

/** The schemas of {@link TableOptions}. @internal */
export const tableShape = {
  standardize: z.boolean().nullable().default(null),
  domain: z.enum(['real', 'nonnegative', 'binary']).default('real'),
  label: z.string().nullable().default(null),
  heldOut: fraction.default(0.1),
};

/** A data file, read. */
interface DataFile extends KeptFile {
  /** Absolute path, for messages. */
  readonly path: string;
}

/** Rows as a file has them. */
interface Table {
  readonly source: DataFile;
  /** `[rows, columns]`, row-major. */
  readonly values: Float64Array;
  readonly columns: readonly string[];
  /** The class of each row, if rows have classes. */
  readonly labels?: readonly string[];
}

/**
 * Reads a data file that an experiment names.
 *
 * @throws ProblemError of kind `data`
 * @internal
 */
export async function readDataFile(
  given: string,
  { directory }: DataContext,
): Promise<{ readonly source: DataFile; readonly bytes: Buffer }> {
  const file = path.resolve(directory, given);
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { source: { path: file, file: given, sha256 }, bytes };
}

/** The problem for a data file that cannot be read. */
function unreadable(file: string, cause: unknown): ProblemError {
  const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return new ProblemError(
    {
      kind: 'data',
      message: missing
        ? `The data file ${file} does not exist.`
        : `The data file ${file} cannot be read: ${cause instanceof Error ? cause.message : cause}.`,
      remedy: missing
        ? 'Correct the path; it is relative to the experiment file.'
        : 'Check that it is a file that you may read.',
    },
    { cause },
  );
}

/**
 * Splits the rows of a file into training and held-out ones and standardises them.
 *
 * @throws ProblemError of kind `data` where there are too few rows, a column does not vary or a
 *   value lies outside the domain
 * @internal
 */
export function datasetOf(table: Table, options: Required<TableOptions>, seed: number): Dataset {
  const { source, values, columns } = table;
  const { path: file, sha256 } = source;
  const { domain } = options;
  const standardize = options.standardize ?? domain === 'real';
  const dimensions = columns.length;
  const count = values.length / dimensions;
  if (count < 3) {
    throw new ProblemError({
      kind: 'data',
      message: `${file} has ${count} rows of data; training needs at least 3.`,
      remedy: 'Use a file with more rows.',
    });
  }
  requireDomain(table, domain, standardize);
  const order = new Random(seed, streams.split).permutation(count);
  const heldOutCount = Math.min(Math.max(1, Math.round(options.heldOut * count)), count - 2);
  const training = order.subarray(heldOutCount);
  const heldOut = order.subarray(0, heldOutCount);
  const transform = standardize
    ? moments(file, values, columns, training)
    : { mean: columns.map(() => 0), scale: columns.map(() => 1) };
  const rows = (indices: Uint32Array) => {
    const out = new Float32Array(indices.length * dimensions);
    for (const [row, index] of indices.entries()) {
      for (let d = 0; d < dimensions; d++) {
        out[row * dimensions + d] =
          (values[index * dimensions + d]! - transform.mean[d]!) / transform.scale[d]!;
      }
    }
    return out;
  };
  return {
    dimensions,
    axes: columns,
    training: rows(training),
    trainingNumbers: training.map((index) => index + 1),
    heldOut: rows(heldOut),
    domain,
    ...(table.labels ? { labels: labelsOf(table.labels, training, heldOut) } : {}),
    ...(standardize ? { transform } : {}),
    files: [{ file: source.file, sha256 }],
  };
}

/** Classes in the order of their numbers where all are numbers, else of their letters. */
function labelsOf(
  labels: readonly string[],
  training: Uint32Array,
  heldOut: Uint32Array,
): DataLabels {
  const found = [...new Set(labels)];
  const numbers = found.every((name) => Number.isFinite(Number(name)));
  const classes = numbers ? found.sort((a, b) => Number(a) - Number(b)) : found.sort();
  const indices = new Map(classes.map((name, index) => [name, index]));
  const of = (rows: Uint32Array) => Float32Array.from(rows, (row) => indices.get(labels[row]!)!);
  return { classes, training: of(training), heldOut: of(heldOut) };
}

/** @throws ProblemError of kind `data` that names the first value outside the domain */
function requireDomain({ source, values, columns }: Table, domain: Domain, standardize: boolean) {
  const { path: file } = source;
  if (domain === 'real') return;
  if (standardize) {
    throw new ProblemError({
      kind: 'data',
      message: `${file} cannot be standardised: its values would not stay ${domain}.`,
      remedy: "Remove standardize: true, or set domain: 'real'.",
    });
  }
  const wrong = values.findIndex((value) =>
    domain === 'binary' ? value !== 0 && value !== 1 : value < 0,
  );
  if (wrong === -1) return;
  const row = Math.floor(wrong / columns.length) + 1;
  throw new ProblemError({
    kind: 'data',
    message: `${file}: row ${row} of its data has ${values[wrong]} in column '${columns[wrong % columns.length]}', which is not ${domain === 'binary' ? '0 or 1' : 'zero or above'}.`,
    remedy: `Correct the data, or remove domain: '${domain}'.`,
  });
}

/** Mean and standard deviation (of the population) per column over the rows `indices`. */
function moments(
  file: string,
  values: Float64Array,
  columns: readonly string[],
  indices: Uint32Array,
): DataTransform {
  const mean: number[] = [];
  const scale: number[] = [];
  for (const [d, column] of columns.entries()) {
    let sum = 0;
    for (const index of indices) sum += values[index * columns.length + d]!;
    const average = sum / indices.length;
    let squares = 0;
    for (const index of indices) squares += (values[index * columns.length + d]! - average) ** 2;
    const deviation = Math.sqrt(squares / indices.length);
    // Rounding leaves a constant column a deviation of about 1e-16 of its size.
    if (deviation <= 1e-12 * Math.abs(average)) {
      throw new ProblemError({
        kind: 'data',
        message: `Column '${column}' of ${file} has the same value in every training row, so it cannot be standardised.`,
        remedy: 'Leave the column out, or set standardize: false.',
      });
    }
    mean.push(average);
    scale.push(deviation);
  }
  return { mean, scale };
}
