import { CsvError, parse } from 'csv-parse/sync';
import * as z from 'zod';
import { ProblemError } from '../../protocol/problem';
import { nearest } from '../options/nearest';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import type { DataMethod } from './data-method';
import type { Domain } from './domain';
import { datasetOf, readDataFile, type TableOptions, tableShape } from './table';

export interface CsvOptions extends TableOptions {
  /** Names of the columns to use, in this order. Default: all columns but that of the classes. */
  readonly columns?: readonly string[];
  /** What separates the fields, one character. Default `,`. */
  readonly delimiter?: string;
}

export interface CsvSpec {
  readonly type: 'csv';
  readonly path: string;
  /** Empty for all columns. */
  readonly columns: readonly string[];
  readonly delimiter: string;
  readonly standardize: boolean | null;
  readonly heldOut: number;
  readonly domain: Domain;
  readonly label: string | null;
}

/**
 * Measurements from a CSV file whose first row names the columns.
 *
 * @param path relative to the experiment file
 */
export function csv(path: string, options?: CsvOptions): CsvSpec {
  if (typeof path !== 'string') {
    throw new OptionError(
      'data.csv: the first argument is not a path.',
      "Write for example data.csv('measurements.csv').",
      [],
    );
  }
  return specOf(schema, 'data.csv', 'csv', { ...options, path });
}

const schema: z.ZodType<CsvSpec> = z.strictObject({
  type: z.literal('csv'),
  path: z.string().min(1),
  columns: z.array(z.string()).default([]),
  delimiter: z.string().length(1).default(','),
  ...tableShape,
});

interface Row {
  readonly fields: readonly string[];
  /** Line of the file that the row begins on, from 1. */
  readonly line: number;
}

/** @internal */
export const csvMethod: DataMethod<CsvSpec, typeof csv> = {
  create: csv,
  schema,
  domain: ({ domain }) => domain,
  hasLabels: ({ label }) => label !== null,
  async load(spec, context) {
    const { source, bytes } = await readDataFile(spec.path, context);
    const { path: file } = source;
    const [header, ...rows] = records(bytes.toString('utf8'), file, spec.delimiter);
    if (header === undefined)
      throw problem(file, `${file} is empty.`, 'Name the columns in its first row.');
    const names = header.fields.map((name) => name.trim());
    const wanted = spec.columns.length > 0 ? spec.columns : names;
    const chosen = chooseColumns(
      names,
      wanted.filter((name) => name !== spec.label),
      file,
    );
    if (chosen.length === 0) {
      throw problem(file, `${file} has no column beside the classes.`, 'Add columns of numbers.');
    }
    const [label] = spec.label === null ? [] : chooseColumns(names, [spec.label], file);
    const values = new Float64Array(rows.length * chosen.length);
    for (const [index, { fields, line }] of rows.entries()) {
      for (const [d, { name, column }] of chosen.entries()) {
        const field = fields[column] ?? '';
        const value = field.trim() === '' ? Number.NaN : Number(field);
        if (!Number.isFinite(value))
          throw notANumber(file, index + 2, line, column + 1, name, field);
        values[index * chosen.length + d] = value;
      }
    }
    const columns = chosen.map(({ name }) => name);
    const labels = label && rows.map(({ fields }) => (fields[label.column] ?? '').trim());
    const unnamed = labels?.indexOf('') ?? -1;
    if (label && unnamed !== -1) {
      const { line } = rows[unnamed]!;
      throw notANumber(file, unnamed + 2, line, label.column + 1, label.name, '');
    }
    return datasetOf(
      { source, values, columns, ...(labels ? { labels } : {}) },
      spec,
      context.seed,
    );
  },
};

/** All rows, the header included. */
function records(text: string, file: string, delimiter: string): Row[] {
  try {
    const rows: Row[] = [];
    parse(text, {
      bom: true,
      delimiter,
      skip_empty_lines: true,
      on_record: (fields: string[], context) => {
        // The parser knows the line that a row ends on; fields in quotes may hold line breaks.
        const breaks = fields.join('').split(/\r\n|\n|\r/).length - 1;
        rows.push({ fields, line: context.lines - breaks });
        return null;
      },
    });
    return rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines: line = 1 } = error as { readonly lines?: number };
    throw problem(
      file,
      `${file}, line ${line}: ${error.message.replace(/\.?$/, '.')}`,
      `Give every row the same number of fields, separated by '${delimiter}', with quotes closed.`,
      line,
    );
  }
}

/** The columns to use: their names and their places, from 0. */
function chooseColumns(names: readonly string[], wanted: readonly string[], file: string) {
  return wanted.map((name) => {
    const column = names.indexOf(name);
    if (column === -1) {
      const guess = nearest(name, names);
      throw problem(
        file,
        `${file} has no column '${name}'.`,
        guess === undefined
          ? `Its columns are ${names.join(', ')}.`
          : `Did you mean '${guess}'? Its columns are ${names.join(', ')}.`,
      );
    }
    return { name, column };
  });
}

function notANumber(
  file: string,
  row: number,
  line: number,
  column: number,
  name: string,
  field: string,
): ProblemError {
  const what =
    field.trim() === ''
      ? 'is empty'
      : `is ${JSON.stringify(field.slice(0, 60))}, not a finite number`;
  return problem(
    file,
    `${file}, row ${row}, column ${column} ('${name}') ${what}.`,
    'Correct or remove that row, or choose other columns with the option columns.',
    line,
  );
}

function problem(file: string, message: string, remedy: string, line = 1): ProblemError {
  return new ProblemError({ kind: 'data', message, remedy, location: { file, line, column: 1 } });
}
