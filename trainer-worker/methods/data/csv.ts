import * as z from 'zod';
import { excerpt } from '../options/excerpt';
import { integer } from '../options/numbers';
import { ClassNames } from './class-names';
import { ColumnLevels } from './column-levels';
import { ambiguous, listed, noColumn, noNumber, unnamed, wrongLength } from './csv-faults';
import { type CsvRecord, fieldsOf, firstLine, readRecords } from './csv-records';
import { type DataFile, dataProblem, openDataFile } from './data-file';
import type { DataMethod } from './data-method';
import type { DataContext } from './dataset';
import { decodeText } from './decode-text';
import type { Domain } from './domain';
import { fileSpec } from './file-spec';
import { type NumberReader, numberReader } from './number-text';
import { RowStore } from './row-store';
import {
  columnNames,
  datasetOf,
  memoryForRows,
  type SplitOptions,
  splitFields,
  type TableOptions,
  tableFields,
} from './table';

export interface CsvOptions extends TableOptions, SplitOptions {
  /** Names of the columns to use, in this order. Default: all columns but that of the classes. */
  readonly columns?: readonly string[];
  /**
   * What names the columns: `true` for the first row, `false` for nothing, so that they are called
   * `x1`, `x2`, …, or all their names where the file has none. Default `null`: the first row, or the
   * comment above it; a first row that has numbers must be told to be names or not.
   */
  readonly header?: boolean | readonly string[] | null;
  /**
   * What separates the fields, one character; `' '` stands for any number of spaces and tabs. Default
   * `,`.
   */
  readonly delimiter?: string;
  /** What stands between a whole number and its parts, `.` or `,`. Default `.`. */
  readonly decimal?: '.' | ',';
  /** What groups the digits of large numbers, one character. Default `null`: nothing. */
  readonly thousands?: string | null;
  /**
   * What stands for a number that is missing, such as `['', 'NA']`: rows that have it in a column that
   * is used are left out, and a warning tells how many. Default none: such a row is refused.
   */
  readonly missing?: readonly string[];
  /**
   * How lines begin that are no rows; `''` for no such lines. Default `null`: those above the first row
   * that begin with `#`.
   */
  readonly comment?: string | null;
  /** What fields may be quoted by, one character; `''` for nothing. Default `"`. */
  readonly quote?: string;
  /** Lines at the top of the file that are not read, 0 to 1 000 000. Default 0. */
  readonly skip?: number;
  /**
   * How its characters are encoded, by a name that `TextDecoder` knows, such as `'latin1'`. Default
   * `null`: UTF-8, or UTF-16 where the file shows it.
   */
  readonly encoding?: string | null;
}

export interface CsvSpec {
  readonly type: 'csv';
  readonly path: string;
  /** Empty for all columns. */
  readonly columns: readonly string[];
  readonly header: boolean | readonly string[] | null;
  readonly delimiter: string;
  readonly decimal: '.' | ',';
  readonly thousands: string | null;
  readonly missing: readonly string[];
  readonly comment: string | null;
  readonly quote: string;
  readonly skip: number;
  readonly encoding: string | null;
  readonly standardize: boolean | null;
  readonly heldOut: number | string;
  readonly splitSeed: number | null;
  readonly domain: Domain;
  readonly levels: Readonly<Record<string, readonly string[]>> | null;
  readonly label: string | null;
  readonly rows: number | null;
}

/**
 * Measurements, or categories, from a CSV file whose first row names the columns; it may be gzipped.
 *
 * @param path relative to the experiment file
 */
export function csv(path: string, options?: CsvOptions): CsvSpec {
  return fileSpec(schema, 'csv', path, options, "data.csv('measurements.csv')");
}

const schema: z.ZodType<CsvSpec> = z
  .strictObject({
    type: z.literal('csv'),
    path: z.string().min(1),
    columns: columnNames('columns').default([]),
    header: z
      .union([z.boolean(), columnNames('header')])
      .nullable()
      .default(null),
    delimiter: z.string().length(1).default(','),
    decimal: z.enum(['.', ',']).default('.'),
    thousands: z.string().length(1).nullable().default(null),
    missing: z.array(z.string()).default([]),
    comment: z.string().max(10).nullable().default(null),
    quote: z.string().max(1).default('"'),
    skip: integer(0, 1_000_000).default(0),
    encoding: z.string().nullable().default(null),
    ...tableFields,
    ...splitFields,
  })
  .refine(({ encoding }) => encoding === null || isEncoding(encoding), {
    path: ['encoding'],
    error: "'encoding' is no encoding that is known.",
    params: { remedy: "Known are 'utf-8', 'utf-16le', 'latin1', 'windows-1251', 'shift_jis', …" },
  })
  .refine(({ decimal, thousands }) => decimal !== thousands, {
    path: ['thousands'],
    error: "'thousands' is what 'decimal' is.",
    params: { remedy: "Where digits are grouped by points, add decimal: ','." },
  });

function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label) !== undefined;
  } catch {
    return false;
  }
}

/** @internal */
export const csvMethod: DataMethod<CsvSpec, typeof csv> = {
  create: csv,
  schema,
  domain: ({ domain }) => domain,
  hasLabels: ({ label }) => label !== null,
  async load(spec, context) {
    const names = {
      classes: new ClassNames(numberReader(spec)),
      levels: new ColumnLevels(numberReader(spec)),
    };
    const table = await readTable(spec, spec.path, context, names);
    const splitSeed = spec.splitSeed ?? context.seed;
    if (typeof spec.heldOut === 'number') {
      return datasetOf(table, { ...spec, heldOut: spec.heldOut }, splitSeed);
    }
    const asThose = { ...spec, columns: table.columns, rows: null };
    const others = await readTable(asThose, spec.heldOut, context, names);
    return datasetOf(
      {
        ...table,
        sources: [...table.sources, ...others.sources],
        warnings: [...table.warnings, ...others.warnings],
      },
      { ...spec, heldOut: 0 },
      splitSeed,
      others,
    );
  },
};

/** What texts of a file stand for, as they are met. */
interface Names {
  readonly classes: ClassNames;
  readonly levels: ColumnLevels;
}

/** Reads a file whose classes and levels may be known already. */
async function readTable(spec: CsvSpec, path: string, context: DataContext, names: Names) {
  const file = await openDataFile(path, context);
  const memory = context.memory ?? memoryForRows();
  const reading = new CsvReading(spec, file, names, context.seed, memory);
  const texts = decodeText(file.contents(), spec.encoding, file.path);
  await readRecords(texts, spec, file.path, (record, comments) => reading.take(record, comments));
  return reading.table();
}

/** A column that is used: what it is called and its place, from 0. */
interface Column {
  readonly name: string;
  readonly at: number;
}

/** What the columns of a file are, as its first row and the options tell. */
interface Layout {
  /** Names of all columns. */
  readonly names: readonly string[];
  readonly chosen: readonly Column[];
  readonly label: Column | undefined;
  readonly store: RowStore;
}

/** Makes a table of the rows of a file, one after another. */
class CsvReading {
  readonly #spec: CsvSpec;
  readonly #file: DataFile;
  readonly #seed: number;
  readonly #memory: number;
  readonly #number: NumberReader;
  readonly #isMissing: (field: string) => boolean;
  readonly #classes: ClassNames;
  readonly #levels: ColumnLevels | undefined;
  #layout: Layout | undefined;
  #row = new Float64Array();
  /** Rows of the file, that of the names included. */
  #records = 0;
  #dataRows = 0;
  #incomplete = 0;
  #counting: Map<number, number> | undefined;

  constructor(spec: CsvSpec, file: DataFile, names: Names, seed: number, memory: number) {
    this.#spec = spec;
    this.#file = file;
    this.#seed = seed;
    this.#memory = memory;
    this.#number = numberReader(spec);
    this.#isMissing = missingTest(spec.missing, this.#number);
    this.#classes = names.classes;
    this.#levels = spec.domain === 'categorical' ? names.levels : undefined;
  }

  /** One row; the first may name the columns. */
  take(record: CsvRecord, comments: readonly string[]): void {
    this.#records += 1;
    if (!this.#layout) {
      const { names, isNames } = this.#namesOf(record, comments);
      this.#layout = this.#layoutOf(names, record, isNames);
      if (isNames) return;
    }
    this.#takeRow(record, this.#layout);
  }

  async table() {
    const { path: file } = this.#file;
    const layout = this.#layout;
    if (!layout) {
      throw dataProblem(
        file,
        `${file} is empty.`,
        'Write rows of numbers into it, below a row of names.',
      );
    }
    const { chosen, label, store } = layout;
    return {
      file,
      sources: [await this.#file.kept()],
      rows: store,
      columns: chosen.map(({ name }) => name),
      ...(label ? { classes: this.#classes } : {}),
      ...(this.#levels ? { levels: this.#levels } : {}),
      incomplete: this.#incomplete,
      warnings: this.#warnings(layout),
      notes: this.#notes(),
    };
  }

  #takeRow(record: CsvRecord, { names, chosen, label, store }: Layout): void {
    const { fields } = record;
    const fault = { names, dialect: this.#spec, number: this.#number, file: this.#file.path };
    if (fields.length !== names.length) throw wrongLength(record, this.#records, fault);
    const index = this.#dataRows;
    this.#dataRows += 1;
    const isIncomplete = (label ? [...chosen, label] : chosen).some(({ at }) =>
      this.#isMissing(fields[at]!),
    );
    if (isIncomplete) {
      this.#incomplete += 1;
      return;
    }
    const row = this.#row;
    for (const [d, { at, name }] of chosen.entries()) {
      if (this.#levels) {
        const level = fields[at]!.trim();
        if (level === '') throw noNumber(record, at, this.#records, fault);
        row[d] = this.#levels.of(name).idOf(level);
        continue;
      }
      const value = this.#number(fields[at]!);
      if (!Number.isFinite(value)) throw noNumber(record, at, this.#records, fault);
      row[d] = value;
    }
    if (label) {
      const name = fields[label.at]!.trim();
      if (name === '') throw noNumber(record, label.at, this.#records, fault);
      row[chosen.length] = this.#classes.idOf(name);
    }
    this.#count(index);
    const slot = store.next();
    if (slot !== -1) store.set(slot, row);
  }

  /** Notes which columns count the rows of the file: their number less that of the row. */
  #count(index: number): void {
    if (this.#counting === undefined) {
      const offsets = [...this.#row].map((value, d): [number, number] => [d, value - index]);
      this.#counting = new Map(offsets.filter(([, offset]) => offset === 0 || offset === 1));
      return;
    }
    for (const [d, offset] of this.#counting) {
      if (this.#row[d] !== index + offset) this.#counting.delete(d);
    }
  }

  /** What the columns are called, and whether `first` is the row that says so. */
  #namesOf({ fields }: CsvRecord, comments: readonly string[]) {
    const { header, columns, label } = this.#spec;
    if (header === false) return { names: fields.map((_, i) => `x${i + 1}`), isNames: false };
    if (Array.isArray(header)) return { names: header as readonly string[], isNames: false };
    const names = fields.map((name) => name.trim());
    const number = fields.find((field) => !Number.isNaN(this.#number(field)));
    if (header === true || number === undefined) return { names, isNames: true };
    const above = fieldsOf(comments.at(-1) ?? '', this.#spec).map((name) => name.trim());
    if (above.length === fields.length) return { names: above, isNames: false };
    // Who asks for columns by what stands there knows that these are names.
    const asked = label === null ? columns : [...columns, label];
    if (asked.length > 0 && asked.every((name) => names.includes(name))) {
      return { names, isNames: true };
    }
    throw dataProblem(
      this.#file.path,
      `The first row of ${this.#file.path} has numbers, such as ${excerpt(number)}: as names of columns they would be no data.`,
      'Add the option header: false if it is a row of data, or header: true if it has the names.',
    );
  }

  #layoutOf(names: readonly string[], first: CsvRecord, isNames: boolean): Layout {
    const { columns, label, rows } = this.#spec;
    const { path: file } = this.#file;
    const choose = (name: string): Column => {
      const places = names.flatMap((other, at) => (other === name ? [at] : []));
      const [at] = places;
      if (at === undefined) throw noColumn(file, name, names);
      if (name === '') throw unnamed(file, at, names);
      if (places.length > 1) {
        const above = isNames ? first.lastLine : firstLine(first) - 1;
        throw ambiguous(file, name, places, names, above);
      }
      return { name, at };
    };
    const wanted = columns.length > 0 ? columns : names;
    const chosen = wanted.filter((name) => name !== label).map(choose);
    if (chosen.length === 0) {
      throw dataProblem(
        file,
        `${file} has no column beside the classes.`,
        'Add columns of numbers.',
      );
    }
    const classes = label === null ? undefined : choose(label);
    const width = chosen.length + (classes ? 1 : 0);
    this.#row = new Float64Array(width);
    const [seed, memory] = [this.#seed, this.#memory];
    const store = new RowStore({ file, width, rows, seed, memory });
    return { names, chosen, label: classes, store };
  }

  /** What was asked for by `missing`. */
  #notes(): string[] {
    if (this.#incomplete === 0) return [];
    return [
      `${this.#incomplete} of the ${this.#dataRows} rows of ${this.#file.path} have a missing value and are left out.`,
    ];
  }

  #warnings({ chosen }: Layout): string[] {
    const { path: file } = this.#file;
    const alike = (what: string, names: ClassNames) =>
      names
        .alike()
        .map(
          ([one, other]) =>
            `The ${what} '${excerpt(one)}' and '${excerpt(other)}' of ${file} differ in capitals or spaces alone, and count as two.`,
        );
    const warnings = [
      ...alike('classes', this.#classes),
      ...(this.#levels
        ? chosen.flatMap(({ name }) =>
            alike(`levels of '${excerpt(name)}',`, this.#levels!.of(name)),
          )
        : []),
    ];
    if (this.#spec.columns.length > 0 || chosen.length === 1) return warnings;
    for (const d of this.#counting?.keys() ?? []) {
      const column = chosen[d];
      if (column === undefined || this.#dataRows < fewestCounted) continue;
      const others = chosen.filter((other) => other !== column).map(({ name }) => name);
      warnings.push(
        `The column '${excerpt(column.name)}' of ${file} only counts its rows, and is learned like the others. If it is no measurement, choose those that are: columns: ${listed(others)}.`,
      );
    }
    return warnings;
  }
}

/** A column of so few numbers may well rise by one each. */
const fewestCounted = 8;

/** Whether a field stands for a number that is missing: as a text, or as a number such as -999. */
function missingTest(missing: readonly string[], number: NumberReader) {
  const texts = new Set(missing.map((text) => text.trim()));
  const numbers = new Set(missing.map(number).filter((value) => !Number.isNaN(value)));
  return (field: string) =>
    texts.has(field.trim()) || (numbers.size > 0 && numbers.has(number(field)));
}
