import { ProblemError } from '../../../protocol/problem';
import { type CsvRecord, readRecords } from '../../methods/data/csv-records';
import { openDataFile } from '../../methods/data/data-file';
import { decodeText } from '../../methods/data/decode-text';
import { numberReader } from '../../methods/data/number-text';

/** Options of `data.csv` that a file needs, and what was left out of it. */
interface CsvLook {
  readonly options: {
    readonly delimiter?: string;
    readonly decimal?: ',';
    readonly header?: boolean;
    readonly columns?: readonly string[];
    readonly label?: string;
    readonly missing?: readonly string[];
    readonly domain?: 'binary' | 'categorical';
  };
  /** Columns that are not used, and why, as clauses. */
  readonly leftOut: readonly string[];
}

/** Rows that are looked at. */
const mostRows = 2_000;
/** Values that a column of classes has at most, and how often each is there on average at least. */
const mostClasses = 50;
const leastPerClass = 5;
/** What people write for numbers that are missing. */
const missingTexts = ['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None', '?'];
/** A column of which more is missing costs more rows than it is worth. */
const mostMissing = 0.2;

const delimiters = [',', ';', '\t', ' '];
/** What columns of classes are called; of others, numbers are measurements. */
const className = /^(class|label|target|species|category|variety|type|y)$/i;
/** What columns are called that tell rows apart. */
const rowName = /^(.*[_ ])?(id|index|row|nr|no|number|uid)$/i;
/** Fewer rows may count up by chance. */
const fewestCounted = 8;

/** Ends the reading of a file of which enough was seen. */
class Enough extends Error {}

/**
 * Looks at the beginning of a CSV file as somebody would who is to load it: what separates its fields,
 * whether it names its columns, which of them are measurements or, where none is, categories, and which is
 * the class of its rows.
 *
 * @param file absolute path; it may be gzipped
 * @throws ProblemError of kind `data` where it cannot be read, or nothing in it can be learned
 */
export async function lookAtCsv(file: string): Promise<CsvLook> {
  const delimiter = await delimiterOf(file);
  const dialect = { delimiter, quote: '"', comment: null, skip: 0 };
  const records: CsvRecord[] = [];
  let above = 0;
  await reading(file, (texts) =>
    readRecords(texts, dialect, file, (record, comments) => {
      above = comments.length;
      records.push(record);
      if (records.length > mostRows) throw new Enough();
    }),
  );
  const decimal = delimiter !== ',' && hasDecimalComma(records) ? ',' : '.';
  const number = numberReader({ decimal, thousands: null });
  const first = records[0]?.fields ?? [];
  const isNumber = (field: string) => !Number.isNaN(number(field));
  const isHeader = !first.some(isNumber) && !isRowOfWords(records);
  // The reader knows by itself where no field of the first row is a number and no comment stands above.
  const header = isHeader && above === 0 ? {} : { header: isHeader };
  const names = first.map((name, i) => (isHeader ? name.trim() : `x${i + 1}`));
  const rows = records
    .slice(isHeader ? 1 : 0)
    .filter(({ fields }) => fields.length === names.length);
  const columns = names.map((name, at) =>
    columnOf(
      name,
      rows.map(({ fields }) => fields[at]!.trim()),
      number,
    ),
  );

  // Where nothing is measured, what is said in words is what there is to learn.
  const isCategorical =
    columns.filter(({ isClass, isNumeric }) => isClass && !isNumeric).length >= 2 &&
    columns.every((column) => column.isClass || unusable(column, columns) !== undefined);
  const named = columns.find(({ name, isClass }) => isClass && className.test(name));
  const label =
    named ??
    (isCategorical ? undefined : columns.find(({ isClass, isNumeric }) => isClass && !isNumeric));
  const leftOut: string[] = [];
  const used = columns.filter((column) => {
    if (column === label) return false;
    const why = isCategorical && column.isClass ? undefined : unusable(column, columns);
    if (why !== undefined) leftOut.push(`'${column.name}' (${why})`);
    return why === undefined;
  });
  if (used.length === 0) {
    throw new ProblemError({
      kind: 'data',
      message: `${file} has no column to learn: ${[...leftOut, ...(label ? [`'${label.name}' (taken for the class of a row)`] : [])].join(', ')}.`,
      remedy: `Columns of numbers are learned, or words of which each is in at least ${leastPerClass} rows. Prepare such columns, or write the experiment by hand (data.csv).`,
    });
  }
  const missing = new Set(
    [...used, ...(label ? [label] : [])].flatMap(({ missing }) => [...missing]),
  );
  const isBinary = used.every(({ values }) => values.every((value) => value === 0 || value === 1));
  return {
    options: {
      ...(delimiter === ',' ? {} : { delimiter }),
      ...(decimal === '.' ? {} : { decimal }),
      ...header,
      ...(leftOut.length > 0 ? { columns: used.map(({ name }) => name) } : {}),
      ...(label ? { label: label.name } : {}),
      ...(missing.size > 0 ? { missing: [...missing] } : {}),
      ...(isCategorical ? { domain: 'categorical' as const } : {}),
      ...(isBinary && !isCategorical ? { domain: 'binary' as const } : {}),
    },
    leftOut,
  };
}

/** Whether a first row of words is one like the others: each word of it comes again below it. */
function isRowOfWords([first, ...others]: readonly CsvRecord[]): boolean {
  return (
    first !== undefined &&
    others.length > 0 &&
    first.fields.every((field, at) => others.some(({ fields }) => fields[at] === field))
  );
}

interface Column {
  readonly name: string;
  /** Different texts in it, and rows in which none is missing. */
  readonly distinct: number;
  readonly there: number;
  /** Its numbers, in rows where none is missing. */
  readonly values: readonly number[];
  readonly isNumeric: boolean;
  /** Whether its values may be classes. */
  readonly isClass: boolean;
  /** Texts that stand for what is missing in it. */
  readonly missing: ReadonlySet<string>;
  readonly missingShare: number;
}

function columnOf(
  name: string,
  fields: readonly string[],
  number: (field: string) => number,
): Column {
  const there = fields.filter((field) => !missingTexts.includes(field));
  const numbers = there.map(number);
  const isNumeric = there.length > 0 && numbers.every(Number.isFinite);
  const distinct = new Set(there).size;
  const isWhole = numbers.every(Number.isInteger);
  const missingShare = fields.length === 0 ? 0 : 1 - there.length / fields.length;
  return {
    name,
    distinct,
    there: there.length,
    values: isNumeric ? numbers : [],
    isNumeric,
    isClass:
      distinct >= 2 &&
      distinct <= mostClasses &&
      there.length >= leastPerClass * distinct &&
      missingShare <= mostMissing &&
      (isWhole || !isNumeric),
    missing: new Set(fields.filter((field) => missingTexts.includes(field))),
    missingShare,
  };
}

/** Why a column is no measurement to learn, a clause. */
function unusable(column: Column, all: readonly Column[]): string | undefined {
  const { name, values, distinct, there, missingShare } = column;
  if (name === '' || all.filter((other) => other.name === name).length > 1)
    return 'no name of its own';
  if (there === 0) return 'nothing in it';
  if (missingShare > mostMissing) return `${Math.round(100 * missingShare)} % missing`;
  if (distinct === 1) return 'always the same';
  if (!column.isNumeric) return wordsReason(column);
  const counts = values.every((value, i) => value === values[0]! + i);
  const numbersRows = rowName.test(name) && distinct === there && values.every(Number.isInteger);
  return (counts || numbersRows) && values.length >= fewestCounted
    ? 'only counts the rows'
    : undefined;
}

/** Why words are no classes, a clause. */
function wordsReason({ distinct, there, isClass }: Column): string {
  if (isClass) return 'words, not numbers';
  if (distinct === there) return 'another word in each row';
  return `words, ${distinct} different ones in ${there} rows`;
}

/** Runs a reader on the text of a file, which may end before the file does. */
async function reading(
  file: string,
  read: (texts: AsyncIterable<string>) => Promise<void>,
): Promise<void> {
  const opened = await openDataFile(file, { directory: '/' });
  try {
    await read(decodeText(opened.contents(), null, file));
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
}

/** What separates the fields: what every one of the first lines has equally often, and most. */
async function delimiterOf(file: string): Promise<string> {
  let beginning = '';
  await reading(file, async (texts) => {
    for await (const text of texts) {
      beginning += text;
      if (beginning.length > 2 ** 16) throw new Enough();
    }
  });
  const lines = beginning
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .slice(0, 20);
  const parts = (line: string, by: string) =>
    (by === ' ' ? line.trim().split(/[ \t]+/) : line.split(by)).length;
  const scores = delimiters.map((by) => {
    const counts = lines.map((line) => parts(line, by));
    const isEven = counts.every((count) => count === counts[0]);
    return isEven ? (counts[0] ?? 1) : 1;
  });
  const best = Math.max(...scores);
  return best <= 1 ? ',' : delimiters[scores.indexOf(best)]!;
}

/** Whether numbers have commas where others have points. */
function hasDecimalComma(records: readonly CsvRecord[]): boolean {
  const fields = records.slice(1, 50).flatMap((record) => record.fields);
  return (
    fields.some((field) => /^[+-]?\d+,\d+$/.test(field.trim())) &&
    !fields.some((field) => /^[+-]?\d+\.\d+$/.test(field.trim()))
  );
}
