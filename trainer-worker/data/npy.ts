import * as z from 'zod';
import { ProblemError } from '../../protocol/problem';
import { readNpy } from '../../run-directory/npy';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import type { DataMethod } from './data-method';
import type { Domain } from './domain';
import { datasetOf, readDataFile, type TableOptions, tableShape } from './table';

export interface NpyOptions extends TableOptions {
  /** Names of the columns, one each. Default `x1`, `x2`, … */
  readonly columns?: readonly string[];
}

export interface NpySpec {
  readonly type: 'npy';
  readonly path: string;
  /** Empty for `x1`, `x2`, … */
  readonly columns: readonly string[];
  readonly standardize: boolean | null;
  readonly heldOut: number;
  readonly domain: Domain;
  readonly label: string | null;
}

/**
 * Rows of a NumPy file: an array of numbers of shape `[rows, columns]`, or `[rows]` for one column.
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
  columns: z.array(z.string()).default([]),
  ...tableShape,
});

/** @internal */
export const npyMethod: DataMethod<NpySpec, typeof npy> = {
  create: npy,
  schema,
  domain: ({ domain }) => domain,
  hasLabels: ({ label }) => label !== null,
  async load(spec, context) {
    const { source, bytes } = await readDataFile(spec.path, context);
    const { path: file } = source;
    const { shape, data } = parsed(bytes, file);
    const [rows, dimensions = 1] = shape;
    if (rows === undefined || shape.length > 2 || dimensions === 0) {
      throw problem(
        `${file} holds an array of shape [${shape.join(', ')}].`,
        'Save it as [rows, columns], for example with array.reshape(len(array), -1).',
      );
    }
    const columns =
      spec.columns.length > 0
        ? spec.columns
        : Array.from({ length: dimensions }, (_, d) => `x${d + 1}`);
    if (columns.length !== dimensions) {
      throw problem(
        `${file} has ${dimensions} columns, but the option columns names ${columns.length}.`,
        'Name every column once, or leave the option out.',
      );
    }
    const values = Float64Array.from(data, Number);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong !== -1) {
      const row = Math.floor(wrong / dimensions) + 1;
      const column = (wrong % dimensions) + 1;
      throw problem(
        `${file}, row ${row}, column ${column} ('${columns[column - 1]}') is ${values[wrong]}.`,
        'Correct or remove that row; every value must be finite.',
      );
    }
    if (spec.label === null) return datasetOf({ source, values, columns }, spec, context.seed);
    const label = columns.indexOf(spec.label);
    if (label === -1 || dimensions === 1) {
      throw problem(
        label === -1
          ? `${file} has no column '${spec.label}'.`
          : `${file} has no column beside the classes.`,
        `Its columns are ${columns.join(', ')}.`,
      );
    }
    return datasetOf(
      {
        source,
        values: values.filter((_, index) => index % dimensions !== label),
        columns: columns.filter((_, index) => index !== label),
        labels: Array.from({ length: rows }, (_, row) => String(values[row * dimensions + label])),
      },
      spec,
      context.seed,
    );
  },
};

function parsed(bytes: Uint8Array, file: string): ReturnType<typeof readNpy> {
  try {
    return readNpy(bytes);
  } catch (error) {
    throw new ProblemError(
      {
        kind: 'data',
        message: `${file} is not a NumPy file of numbers: ${error instanceof Error ? error.message : error}`,
        remedy: 'Write it with numpy.save, from an array of floats or integers.',
        location: { file, line: 1, column: 1 },
      },
      { cause: error },
    );
  }
}

function problem(message: string, remedy: string): ProblemError {
  return new ProblemError({ kind: 'data', message, remedy });
}
