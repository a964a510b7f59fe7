import * as z from 'zod';
import { integer } from '../options/numbers';
import { ClassNames } from './class-names';
import { ColumnLevels } from './column-levels';
import type { DataMethod } from './data-method';
import type { Domain } from './domain';
import { fileSpec } from './file-spec';
import type { ImageFilesSpec } from './image-collection';
import { type ImageFilesOptions, imageFilesFields, pixelsOf } from './image-options';
import { imageSet } from './image-set';
import { numberReader } from './number-text';
import { openParquet } from './parquet-file';
import { readParquetImages, readParquetTable } from './parquet-rows';
import { type PixelSpec, pixelDomain, pixelFault } from './pixels';
import {
  columnNames,
  datasetOf,
  type SplitOptions,
  splitFields,
  type TableOptions,
  tableFields,
} from './table';

export interface ParquetOptions extends TableOptions, SplitOptions, ImageFilesOptions {
  /** Names of the columns to use, in this order. Default: all columns but that of the classes. */
  readonly columns?: readonly string[];
  /**
   * The column of images, PNG or JPEG, as Hugging Face has them: their bytes, or a group with a column
   * `bytes`. Default `null`: rows are numbers.
   */
  readonly image?: string | null;
}

export interface ParquetSpec extends Omit<PixelSpec, 'crop' | 'resize'>, ImageFilesSpec {
  readonly type: 'parquet';
  readonly path: string;
  /** Empty for all columns. */
  readonly columns: readonly string[];
  readonly image: string | null;
  readonly standardize: boolean | null;
  readonly domain: Domain;
  readonly levels: Readonly<Record<string, readonly string[]>> | null;
  readonly label: string | null;
  readonly heldOut: number | string;
  readonly splitSeed: number | null;
}

/**
 * Rows of numbers, or images, of a Parquet file.
 *
 * @param path relative to the experiment file
 * @example
 * data.parquet('cifar10-train.parquet', {
 *   image: 'img',
 *   label: 'label',
 *   heldOut: 'cifar10-test.parquet',
 * })
 */
export function parquet(path: string, options?: ParquetOptions): ParquetSpec {
  return fileSpec(schema, 'parquet', path, options, "data.parquet('measurements.parquet')");
}

const schema: z.ZodType<ParquetSpec> = z
  .strictObject({
    type: z.literal('parquet'),
    path: z.string().min(1),
    columns: columnNames('columns').default([]),
    image: z.string().min(1).nullable().default(null),
    ...tableFields,
    ...imageFilesFields,
    ...splitFields,
    rows: integer(3, 2 ** 32 - 1)
      .nullable()
      .default(null),
  })
  .superRefine((spec, context) => {
    const fault = misplaced(spec) ?? pixelFault(pixelsOf(spec));
    if (fault === undefined) return;
    const { option, message, remedy } = fault;
    context.addIssue({ code: 'custom', path: [option], message, params: { remedy } });
  });

/** An option that is for images where rows are numbers, or the other way round. */
function misplaced(spec: ParquetSpec) {
  const { image, columns, standardize, domain, levels } = spec;
  if (image === null) {
    const option = (Object.keys(imageFilesFields) as (keyof typeof imageFilesFields)[]).find(
      (name) => spec[name] !== null && spec[name] !== false,
    );
    if (option === undefined) return undefined;
    return {
      option,
      message: `'${option}' is for images.`,
      remedy: "Say which column has them, for example image: 'image', or leave it out.",
    };
  }
  const table = {
    columns: columns.length > 0,
    standardize: standardize === true,
    domain: domain !== 'real',
    levels: levels !== null,
  };
  const option = (Object.keys(table) as (keyof typeof table)[]).find((name) => table[name]);
  if (option === undefined) return undefined;
  return {
    option,
    message: `'${option}' is for rows of numbers, but 'image' names a column of images.`,
    remedy: 'Leave one of them out.',
  };
}

/** @internal */
export const parquetMethod: DataMethod<ParquetSpec, typeof parquet> = {
  create: parquet,
  schema,
  domain: (spec) => (spec.image === null ? spec.domain : pixelDomain(pixelsOf(spec))),
  hasLabels: ({ label }) => label !== null,
  async load(spec, context) {
    const classNames = new ClassNames(numberReader({ decimal: '.', thousands: null }));
    const levels =
      spec.domain === 'categorical'
        ? new ColumnLevels(numberReader({ decimal: '.', thousands: null }))
        : undefined;
    const splitSeed = spec.splitSeed ?? context.seed;
    const others = typeof spec.heldOut === 'string' ? spec.heldOut : undefined;
    const share = typeof spec.heldOut === 'number' ? spec.heldOut : 0;
    const { image } = spec;
    if (image === null) {
      const table = await openParquet(spec.path, context, (file) =>
        readParquetTable(file, spec, context, { classNames, levels }),
      );
      const like = { ...spec, columns: table.columns, rows: null };
      const heldOut =
        others === undefined
          ? undefined
          : await openParquet(others, context, (file) =>
              readParquetTable(file, like, context, { classNames, levels }),
            );
      return datasetOf(
        {
          ...table,
          sources: [table.source, ...(heldOut ? [heldOut.source] : [])],
          ...(spec.label === null ? {} : { classes: classNames }),
          ...(levels ? { levels } : {}),
          warnings: [],
        },
        { ...spec, heldOut: share },
        splitSeed,
        heldOut,
      );
    }
    const read = await openParquet(spec.path, context, (file) =>
      readParquetImages(file, { ...spec, image }, context, classNames),
    );
    const [height, width, channels] = read.store.shape;
    const like = { ...spec, image, rows: null, size: [height, width], channels } as const;
    const heldOut =
      others === undefined
        ? undefined
        : await openParquet(others, context, (file) =>
            readParquetImages(file, like as typeof spec & { image: string }, context, classNames),
          );
    return imageSet({
      file: read.file,
      images: read,
      ...(heldOut ? { heldOut } : {}),
      heldOutShare: share,
      ...(spec.label === null ? {} : { classNames }),
      files: [read.source, ...(heldOut ? [heldOut.source] : [])],
      warnings: read.store.warnings(),
      pixels: pixelsOf(spec),
      seed: context.seed,
      splitSeed,
    });
  },
};
