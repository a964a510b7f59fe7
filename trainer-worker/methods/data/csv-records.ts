import { pipeline } from 'node:stream/promises';
import { CsvError, type Options, Parser } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { dataProblem } from './data-file';

/** How a file separates rows into fields. */
export interface CsvDialect {
  /** One character; a space stands for any number of spaces and tabs. */
  readonly delimiter: string;
  /** What fields are quoted by; empty for nothing. */
  readonly quote: string;
  /** How lines begin that are no rows; empty for no such; `null` for `#`, but at the top alone. */
  readonly comment: string | null;
  /** Lines at the top that are not read. */
  readonly skip: number;
}

/** A row of a file. */
export interface CsvRecord {
  readonly fields: readonly string[];
  /** Line of the file that it ends on, from 1; fields in quotes may hold line breaks. */
  readonly lastLine: number;
}

/** Characters that a row may have: an unclosed quote would take in the whole file. */
const longestRecord = 2 ** 24;

/**
 * Reads the rows of a file one after another, blank lines left out.
 *
 * @param onRecord hears of each; the first time also which comments stand above it, without their mark
 * @throws ProblemError of kind `data` at the line that cannot be parsed, and whatever `onRecord` throws
 */
export async function readRecords(
  texts: AsyncIterable<string>,
  dialect: CsvDialect,
  file: string,
  onRecord: (record: CsvRecord, comments: readonly string[]) => void,
): Promise<void> {
  const { lines, comments, rest } = await withoutPreamble(texts, dialect, file);
  const options = {
    ...parserOptions(dialect),
    ...(dialect.comment ? { comment: dialect.comment, comment_no_infix: true } : {}),
    max_record_size: longestRecord,
  };
  const parser = new RecordParser(options, (fields, last) =>
    onRecord({ fields, lastLine: lines + last }, comments),
  );
  const pieces = dialect.delimiter === ' ' ? withSingleBlanks(rest) : rest;
  try {
    // No row is ever pushed on, but a stream ends only where somebody reads.
    parser.resume();
    await pipeline(pieces, parser);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw unparsable(error, lines, dialect, file);
  }
}

/** Line of the file that a row begins on, from 1. */
export function firstLine({ fields, lastLine }: CsvRecord): number {
  return lastLine - (fields.join('').split(/\r\n|\n|\r/).length - 1);
}

/**
 * A parser that hands over each row at once, with the line that it ends on. Its own way to tell the line,
 * `on_record`, takes several times as long as all else.
 */
class RecordParser extends Parser {
  readonly #onRecord: (fields: string[], line: number) => void;

  constructor(options: Options, onRecord: (fields: string[], line: number) => void) {
    super(options);
    this.#onRecord = onRecord;
  }

  override push(fields: string[] | null): boolean {
    if (fields === null) return super.push(null);
    if (this.destroyed) return false;
    try {
      this.#onRecord(fields, this.info.lines);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }
}

/** The fields of a line of its own. */
export function fieldsOf(line: string, dialect: CsvDialect): readonly string[] {
  const blanks = dialect.delimiter === ' ' ? singleBlanks(line) : line;
  try {
    const [fields = []] = parse(blanks, parserOptions(dialect)) as string[][];
    return fields;
  } catch {
    // A comment need not be a row.
    return [];
  }
}

function parserOptions({ delimiter, quote }: CsvDialect) {
  return {
    delimiter,
    quote: quote === '' ? null : quote,
    skip_empty_lines: true,
    // Whoever hears of a row knows what is wrong with its length, and what may be the cause.
    relax_column_count: true,
  } as const;
}

/** What a file has above its rows, and what comes after. */
async function withoutPreamble(
  texts: AsyncIterable<string>,
  { skip, comment, delimiter }: CsvDialect,
  file: string,
) {
  const mark = comment ?? '#';
  const iterator = texts[Symbol.asyncIterator]();
  const comments: string[] = [];
  let text = '';
  let at = 0;
  let lines = 0;
  let isWhole = false;
  for (;;) {
    const end = nextBreak(text, at, isWhole);
    if (end === undefined && !isWhole && text.length - at <= longestRecord) {
      const { value, done } = await iterator.next();
      if (done) isWhole = true;
      else text = text.slice(at) + value;
      if (!done) at = 0;
      continue;
    }
    const line = text.slice(at, end?.begin);
    const isComment = mark !== '' && line.startsWith(mark);
    if (isComment && lines >= skip) comments.push(line.slice(mark.length).trim());
    const separator = lines === 0 && skip === 0 ? /^sep=(.)\s*$/i.exec(line)?.[1] : undefined;
    if (separator !== undefined && separator !== delimiter) {
      throw dataProblem(
        file,
        `${file} says in its first line that its fields are separated by '${separator}', not '${delimiter}'.`,
        `Add the option delimiter: '${separator === '\t' ? '\\t' : separator}'.`,
      );
    }
    const isAbove = lines < skip || isComment || separator !== undefined || line.trim() === '';
    if (!isAbove) break;
    at = end?.end ?? text.length;
    lines += 1;
    if (end === undefined) break;
  }
  async function* rest() {
    yield text.slice(at);
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) return;
      yield value;
    }
  }
  return { lines, comments, rest: rest() };
}

/** Where the next line break begins and ends; `undefined` where more text must come first. */
function nextBreak(text: string, at: number, isWhole: boolean) {
  const pattern = /\r\n|\n|\r/g;
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (!found) return undefined;
  const end = found.index + found[0].length;
  // Half of a Windows line break, perhaps.
  if (found[0] === '\r' && end === text.length && !isWhole) return undefined;
  return { begin: found.index, end };
}

/** Every run of spaces and tabs as one space, and none at the ends of lines. */
async function* withSingleBlanks(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let kept = '';
  for await (const text of texts) {
    const all = kept + text;
    const end = Math.max(all.lastIndexOf('\n'), all.lastIndexOf('\r', all.length - 2)) + 1;
    kept = all.slice(end);
    yield singleBlanks(all.slice(0, end));
  }
  yield singleBlanks(kept);
}

function singleBlanks(text: string): string {
  return text.replace(/[ \t]+/g, ' ').replace(/^ | $/gm, '');
}

/** What the parser says of a file, in the words of who wrote it. */
function unparsable(error: CsvError, above: number, dialect: CsvDialect, file: string) {
  const { lines = 1 } = error as { readonly lines?: number };
  const line = above + lines;
  const { message } = error;
  return dataProblem(
    file,
    `${file}, line ${line}: ${message.replace(/ (?:at|on) line \d+/g, '').replace(/\.?$/, '.')}`,
    `Close the quotes of its fields, or say quote: '' if ${dialect.quote} quotes nothing there.`,
    line,
    error,
  );
}
