/** Parquet files, a group of rows at a time. */
import { type FileHandle, open } from 'node:fs/promises';
import type { FileMetaData } from 'hyparquet';
import { ProblemError } from '../../../protocol/problem';
import type { KeptFile } from '../../../protocol/run';
import { excerpt } from '../options/excerpt';
import { nearest } from '../options/nearest';
import { binaryProblem, openDataFile } from './data-file';
import type { DataContext } from './dataset';
import { foreignFormat } from './file-format';

/** A Parquet file whose end, which says what is in it, was read. */
export interface ParquetFile {
  /** Absolute path, for messages. */
  readonly path: string;
  readonly source: KeptFile;
  /** Names of its columns, groups of columns being one. */
  readonly columns: readonly string[];
  /**
   * The values of some columns, a group of rows after another.
   *
   * @param names of columns that it has
   * @returns for each name a value for each row of the group
   */
  groups(names: readonly string[]): AsyncGenerator<readonly (readonly unknown[])[]>;
}

/**
 * Opens a Parquet file, and closes it when `use` is done.
 *
 * @param given relative to the experiment file
 * @throws ProblemError of kind `data` where it is none, or broken
 */
export async function openParquet<T>(
  given: string,
  context: DataContext,
  use: (file: ParquetFile) => Promise<T>,
): Promise<T> {
  const found = await openDataFile(given, context);
  const { path, size } = found;
  const broken = (error: unknown) => {
    if (error instanceof ProblemError) return error;
    const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    return binaryProblem(
      `${path} is not a Parquet file that can be read: ${excerpt(why, 200)}.`,
      'Get it again, or write it anew with pandas.DataFrame.to_parquet.',
      error,
    );
  };
  // Only who has such a file waits for what reads it.
  const { parquetMetadataAsync, parquetSchema } = await import('hyparquet');
  const handle = await open(path);
  try {
    await requireParquet(handle, path);
    const file = {
      byteLength: size,
      async slice(start: number, end = size) {
        if (!(start >= 0 && start <= end && end <= size)) {
          throw new Error(`bytes ${start} to ${end} of ${size} are asked for`);
        }
        const bytes = new Uint8Array(end - start);
        await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    };
    const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
      throw broken(error);
    });
    const source = await found.kept();
    return await use({
      path,
      source,
      columns: parquetSchema(metadata).children.map(({ element }) => element.name),
      async *groups(names) {
        let rowStart = 0;
        for (const { num_rows } of metadata.row_groups) {
          const count = Number(num_rows);
          try {
            yield await groupOf({ file, metadata, names, rowStart, count });
          } catch (error) {
            throw broken(error);
          }
          rowStart += count;
        }
      },
    });
  } finally {
    await handle.close();
  }
}

/** @throws ProblemError of kind `data` where a file does not begin as a Parquet file does */
async function requireParquet(handle: FileHandle, path: string): Promise<void> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
  const head = buffer.subarray(0, bytesRead);
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return;
  const foreign = foreignFormat(head, path);
  throw binaryProblem(
    `${path} is not a Parquet file${foreign ? ` but ${foreign.name}` : ''}.`,
    foreign?.remedy ?? 'Write it with pandas.DataFrame.to_parquet.',
  );
}

/** Rows of a group at most: they are held as values for a moment. */
const mostInGroup = 2 ** 25;

async function groupOf({
  file,
  metadata,
  names,
  rowStart,
  count,
}: {
  readonly file: { byteLength: number; slice(start: number, end?: number): Promise<ArrayBuffer> };
  readonly metadata: FileMetaData;
  readonly names: readonly string[];
  readonly rowStart: number;
  readonly count: number;
}): Promise<unknown[][]> {
  if (!(count >= 0 && count <= mostInGroup)) {
    throw new Error(`a group of ${count} rows; ${mostInGroup} can be read`);
  }
  const { parquetRead } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const values = new Map(names.map((name) => [name, new Array<unknown>(count)]));
  const got = new Map(names.map((name) => [name, 0]));
  await parquetRead({
    file,
    metadata,
    columns: [...names],
    rowStart,
    rowEnd: rowStart + count,
    compressors,
    utf8: false,
    onChunk({ columnName, columnData, rowStart: first }) {
      const column = values.get(columnName);
      if (column === undefined) return;
      for (let i = 0; i < columnData.length; i++) {
        const row = first - rowStart + i;
        if (row < 0 || row >= count) continue;
        column[row] = columnData[i];
        got.set(columnName, got.get(columnName)! + 1);
      }
    },
  });
  for (const [name, rows] of got) {
    if (rows !== count) throw new Error(`column '${name}' has ${rows} of ${count} rows`);
  }
  return names.map((name) => values.get(name)!);
}

/** @throws ProblemError of kind `data` where a file has no such column */
export function requireColumn({ path, columns }: ParquetFile, name: string): void {
  if (columns.includes(name)) return;
  const guess = nearest(name, columns);
  const shown = columns.slice(0, 20).map((column) => excerpt(column));
  throw binaryProblem(
    `${path} has no column '${excerpt(name)}'.`,
    `${guess === undefined ? '' : `Did you mean '${excerpt(guess)}'? `}Its columns are ${shown.join(', ')}${columns.length > 20 ? ', …' : ''}.`,
  );
}
