import { ProblemError } from '../../../protocol/problem';
import { excerpt } from '../options/excerpt';
import type { ClassNames } from './class-names';
import type { ColumnLevels } from './column-levels';
import { binaryProblem } from './data-file';
import type { DataContext } from './dataset';
import { ImageCollection, type ImageFilesSpec } from './image-collection';
import { imageFaultOf } from './image-fault';
import { decodeImage } from './image-file';
import { pixelsOf } from './image-options';
import type { ImagesRead } from './image-set';
import { type ParquetFile, requireColumn } from './parquet-file';
import type { PixelSpec } from './pixels';
import { RowStore } from './row-store';
import { memoryForRows } from './table';

interface TableSpec {
  readonly columns: readonly string[];
  readonly label: string | null;
  readonly rows: number | null;
}

/**
 * Reads columns of numbers or levels, and that of the classes.
 *
 * @throws ProblemError of kind `data` that names the row and the column
 */
export async function readParquetTable(
  file: ParquetFile,
  spec: TableSpec,
  context: DataContext,
  {
    classNames,
    levels,
  }: { readonly classNames: ClassNames; readonly levels: ColumnLevels | undefined },
) {
  const { label } = spec;
  const columns = (spec.columns.length > 0 ? spec.columns : file.columns).filter(
    (name) => name !== label,
  );
  const all = label === null ? columns : [...columns, label];
  for (const name of all) requireColumn(file, name);
  if (columns.length === 0) {
    throw binaryProblem(
      `${file.path} has no column beside the classes.`,
      'Add columns of numbers.',
    );
  }
  const rows = new RowStore({
    file: file.path,
    width: all.length,
    rows: spec.rows,
    seed: context.seed,
    memory: context.memory ?? memoryForRows(),
  });
  const row = new Float64Array(all.length);
  let number = 0;
  for await (const group of file.groups(all)) {
    for (let at = 0; at < group[0]!.length; at++) {
      number += 1;
      for (const [d, name] of columns.entries()) {
        const where = () => `${file.path}, row ${number}, column '${excerpt(name)}'`;
        const value = group[d]![at];
        row[d] = levels ? levels.of(name).idOf(classOf(value, where)) : numberOf(value, where);
      }
      if (label !== null) {
        row[columns.length] = classNames.idOf(
          classOf(group[columns.length]![at], () => `${file.path}, row ${number}`),
        );
      }
      const slot = rows.next();
      if (slot !== -1) rows.set(slot, row);
    }
  }
  return { file: file.path, source: file.source, rows, columns };
}

/** @throws ProblemError of kind `data` unless a value is a finite number, or a truth */
function numberOf(value: unknown, where: () => string): number {
  const number =
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
      ? Number(value)
      : Number.NaN;
  if (Number.isFinite(number)) return number;
  throw binaryProblem(
    `${where()} is ${shown(value)}, not a finite number.`,
    'Choose the columns of numbers by the option columns, and leave out rows that miss one, for example with pandas.DataFrame.dropna.',
  );
}

/** The name of a class. */
function classOf(value: unknown, where: () => string): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
  throw binaryProblem(
    `${where()}: the class or level is ${shown(value)}, which is no name.`,
    'Give every row one, a number or a text.',
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'missing';
  if (typeof value === 'string') return `'${excerpt(value)}'`;
  return typeof value === 'object' ? 'a group of values' : String(value);
}

/**
 * Reads a column of images, and that of the classes.
 *
 * @throws ProblemError of kind `data` that names the row
 */
export async function readParquetImages(
  file: ParquetFile,
  spec: TableSpec &
    ImageFilesSpec &
    Omit<PixelSpec, 'crop' | 'resize'> & { readonly image: string },
  context: DataContext,
  classNames: ClassNames,
): Promise<ImagesRead & { readonly file: string; readonly source: ParquetFile['source'] }> {
  const { image, label } = spec;
  const names = label === null ? [image] : [image, label];
  for (const name of names) requireColumn(file, name);
  const images = new ImageCollection({ file: file.path, spec, pixels: pixelsOf(spec), context });
  const classes: number[] = [];
  let number = 0;
  for await (const [values, labels] of file.groups(names)) {
    for (const [at, value] of values!.entries()) {
      number += 1;
      const where = `${file.path}, row ${number}`;
      try {
        images.take(decodeImage(bytesOf(value)), `row ${number}`);
      } catch (error) {
        if (error instanceof ProblemError) throw error;
        const { message, remedy } = imageFaultOf(error);
        throw binaryProblem(
          `${where}: the image cannot be used: ${excerpt(message, 200)}.`,
          remedy,
          error,
        );
      }
      if (labels) classes.push(classNames.idOf(classOf(labels[at], () => where)));
    }
  }
  const { store } = images;
  if (store === undefined) {
    throw binaryProblem(`${file.path} has no rows.`, 'Use a file with images.');
  }
  return {
    ...{ file: file.path, source: file.source, store },
    ...(label === null ? {} : { classes }),
  };
}

/** The bytes of an image, by themselves or in a group as Hugging Face has them. */
function bytesOf(value: unknown): Uint8Array {
  const inner =
    typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : value;
  if (inner instanceof Uint8Array) return inner;
  throw new Error(
    inner === null || inner === undefined
      ? 'its bytes are not in the file'
      : 'its column has no bytes',
  );
}
