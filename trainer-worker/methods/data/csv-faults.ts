/** What is wrong with a CSV file, and the option that would put it right. */
import type { ProblemError } from '../../../protocol/problem';
import { excerpt } from '../options/excerpt';
import { nearest } from '../options/nearest';
import { type CsvDialect, type CsvRecord, firstLine } from './csv-records';
import { dataProblem } from './data-file';
import type { NumberReader, NumberStyle } from './number-text';

/** The file that a fault is in, and how it is read. */
interface FaultyFile {
  /** Absolute path. */
  readonly file: string;
  /** Of all columns. */
  readonly names: readonly string[];
  readonly dialect: CsvDialect & NumberStyle;
  readonly number: NumberReader;
}

/** Names are listed up to so many. */
const mostListed = 20;

/** Names as an experiment writes a list of them. */
export function listed(names: readonly string[]): string {
  const quoted = names.slice(0, mostListed).map((name) => {
    const inner = excerpt(name)
      .replace(/\\(?![nrtxu])/g, '\\\\')
      .replace(/'/g, "\\'");
    return `'${inner}'`;
  });
  return `[${quoted.join(', ')}${names.length > mostListed ? ', …' : ''}]`;
}

function told(names: readonly string[]): string {
  const shown = names.slice(0, mostListed).map((name) => excerpt(name));
  return shown.join(', ') + (names.length > mostListed ? ', …' : '');
}

/** A column that is asked for and not there. */
export function noColumn(file: string, name: string, names: readonly string[]): ProblemError {
  const guess = nearest(name, names);
  const columns = `Its columns are ${told(names)}.`;
  return dataProblem(
    file,
    `${file} has no column '${excerpt(name)}'.`,
    guess === undefined ? columns : `Did you mean '${excerpt(guess)}'? ${columns}`,
  );
}

/** A column without a name, which nobody asked for. */
export function unnamed(file: string, at: number, names: readonly string[]): ProblemError {
  const others = names.filter((name, index) => name !== '' && names.indexOf(name) === index);
  const isFirst = at === 0;
  return dataProblem(
    file,
    `Column ${at + 1} of ${file} has no name${isFirst ? ': pandas and R write the numbers of the rows so, which are no measurement' : ''}.`,
    others.length === 0
      ? 'Name the columns in the first row, or add the option header: false if that is a row of data.'
      : `Choose the columns with the option columns: ${listed(others)}.`,
  );
}

/**
 * A name that several columns have.
 *
 * @param above lines of the file down to the names, these included
 */
export function ambiguous(
  file: string,
  name: string,
  places: readonly number[],
  names: readonly string[],
  above: number,
): ProblemError {
  const columns = places.map((at) => at + 1);
  return dataProblem(
    file,
    `Columns ${columns.slice(0, -1).join(', ')} and ${columns.at(-1)} of ${file} are both named '${excerpt(name)}'.`,
    `Rename one, or give all of them other names here: skip: ${above}, header: ${listed(apart(names))}.`,
  );
}

/** The names, repeated ones told apart by a number and missing ones made up. */
function apart(names: readonly string[]): string[] {
  const used = new Set(names);
  return names.map((name, at) => {
    if (name !== '' && names.indexOf(name) === at) return name;
    const stem = name === '' ? 'x' : `${name}_`;
    let number = name === '' ? at + 1 : 2;
    while (used.has(`${stem}${number}`)) number += 1;
    used.add(`${stem}${number}`);
    return `${stem}${number}`;
  });
}

/** A row that has not as many fields as there are columns. */
export function wrongLength(
  record: CsvRecord,
  row: number,
  { file, names, dialect }: FaultyFile,
): ProblemError {
  const { fields } = record;
  const line = firstLine(record);
  const [has, are] = [fields.length, names.length];
  const refused = (remedy: string) =>
    dataProblem(
      file,
      `${file}, row ${row} has ${has} field${has === 1 ? '' : 's'}, but there ${are === 1 ? 'is 1 column' : `are ${are} columns`}.`,
      remedy,
      line,
    );
  const delimiter = otherDelimiter(names, fields, dialect.delimiter);
  if (delimiter !== undefined) return refused(useDelimiter(delimiter));
  if (fields[0]?.startsWith('#') && dialect.comment === null) {
    return refused("If it is a comment, add the option comment: '#'.");
  }
  if (has === are + 1 && row <= 2) {
    const above = line - 1;
    const isLast = fields.at(-1)?.trim() === '';
    const all = isLast ? [...names, 'end'] : ['row', ...names];
    const why = isLast
      ? 'Rows end with a separator'
      : 'If rows begin with their number or name, as R writes them';
    return refused(
      `${why}: skip: ${above}, header: ${listed(apart(all))}, columns: ${listed(names)}.`,
    );
  }
  return refused(
    are === 1
      ? `Separate its fields by '${dialect.delimiter}', or name what separates them with the option delimiter.`
      : `Give every row the same number of fields, separated by '${dialect.delimiter}'; lines that are no rows are left out by skip at the top and by comment elsewhere.`,
  );
}

/** What people separate fields by. */
const delimiters = [';', '\t', '|', ',', ' '];

/** What separates the fields of both lines in truth, if they are not separated as they should be. */
function otherDelimiter(
  names: readonly string[],
  fields: readonly string[],
  delimiter: string,
): string | undefined {
  const [head, row] = [names.join(delimiter), fields.join(delimiter)];
  const count = (text: string, sign: string) =>
    text.trim().split(sign === ' ' ? /\s+/ : sign).length;
  return delimiters.find(
    (sign) => sign !== delimiter && count(head, sign) > 1 && count(head, sign) === count(row, sign),
  );
}

function useDelimiter(delimiter: string): string {
  const shown = delimiter === '\t' ? '\\t' : delimiter;
  return `Its fields seem to be separated by ${{ '\t': 'tabs', ' ': 'spaces' }[delimiter] ?? `'${delimiter}'`}: add the option delimiter: '${shown}'.`;
}

/** Texts that people write where a number is missing. */
const absent = /^(?:|-|\.|\?|#?n\/?a|nan|null|none|nil|missing|-?1\.#(?:ind|qnan))$/i;

/** A field that is no number, or no class, but should be one. */
export function noNumber(
  record: CsvRecord,
  at: number,
  row: number,
  faulty: FaultyFile,
): ProblemError {
  const { fields } = record;
  const line = firstLine(record);
  const { file, names } = faulty;
  const field = fields[at]!;
  const what = field.trim() === '' ? 'is empty' : `is "${excerpt(field)}", not a finite number`;
  return dataProblem(
    file,
    `${file}, row ${row}, column ${at + 1} ('${excerpt(names[at]!)}') ${what}.`,
    aboveTheData(row, record, faulty) ?? remedyFor(field.trim(), fields, faulty),
    line,
  );
}

/** What helps where a row without any number stands where the first data should be. */
function aboveTheData(
  row: number,
  { fields, lastLine }: CsvRecord,
  { names, number }: FaultyFile,
): string | undefined {
  // Names may have digits; units hardly ever, and numbers in another style always.
  const isData = fields.some((field) =>
    row === 1 ? !Number.isNaN(number(field)) : /\d/.test(field),
  );
  if (
    row > 2 ||
    isData ||
    names.length === 1 ||
    fields.every((field) => absent.test(field.trim()))
  ) {
    return undefined;
  }
  if (row === 1)
    return `If that row has the names of the columns, leave it out: skip: ${lastLine}.`;
  const all = apart(names);
  const what = 'If that row belongs to the names, as units do';
  return `${what}: skip: ${lastLine}, header: ${listed(all)}. Otherwise correct or remove it, or choose other columns with the option columns.`;
}

function remedyFor(
  field: string,
  fields: readonly string[],
  { names, dialect, number }: FaultyFile,
): string {
  if (absent.test(field)) {
    return `If a number is missing there, leave out such rows with the option missing: ['${field}'].`;
  }
  const delimiter =
    names.length === 1 ? otherDelimiter(names, fields, dialect.delimiter) : undefined;
  if (delimiter !== undefined) return useDelimiter(delimiter);
  const grouped = /^[+-]?\d{1,3}(?:([,.' \u00a0\u202f\u2019_])\d{3})+(?:[.,]\d+)?$/.exec(
    field,
  )?.[1];
  const { decimal, thousands } = dialect;
  if (decimal === '.' && /^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i.test(field)) {
    return grouped === ',' && thousands === null
      ? "Add the option decimal: ',' if the comma is a decimal one, or thousands: ',' if it groups digits."
      : "Numbers seem to have decimal commas: add the option decimal: ','.";
  }
  if (grouped !== undefined && thousands === null) {
    const sign = { '\u00a0': ' ', '\u202f': ' ', '\u2019': "\\'", "'": "\\'" }[grouped] ?? grouped;
    const comma = grouped === '.' ? ", and decimal: ','" : '';
    return `Digits seem to be grouped: add the option thousands: '${sign}'${comma}.`;
  }
  if (names.length === 1 && dialect.skip === 0) {
    return 'Correct or remove that row; lines above the table are left out by the option skip, which counts them.';
  }
  const usable = names.filter(
    (name, i) => name !== '' && Number.isFinite(number(fields[i]!)) && names.indexOf(name) === i,
  );
  return usable.length === 0 || usable.length === names.length
    ? 'Correct or remove that row, or choose other columns with the option columns.'
    : `Correct or remove that row, or choose the columns of numbers: columns: ${listed(usable)}.`;
}
