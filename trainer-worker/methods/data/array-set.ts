/** Rows or images that are arrays of numbers in files, whatever the format: what all of these have in common. */
import * as z from 'zod';
import type { KeptFile } from '../../../protocol/run';
import { integer } from '../options/numbers';
import { readImages, shapeOfImages } from './array-images';
import { readTable } from './array-table';
import { ClassNames } from './class-names';
import { ColumnLevels } from './column-levels';
import { binaryProblem } from './data-file';
import type { ScaledDataset } from './data-method';
import type { DataContext } from './dataset';
import type { Domain } from './domain';
import { imageSet } from './image-set';
import { readLabels } from './labels';
import { numberReader } from './number-text';
import { type PixelOptions, type PixelSpec, pixelDomain, pixelFault, pixelFields } from './pixels';
import {
  columnNames,
  datasetOf,
  type SplitOptions,
  splitFields,
  type TableOptions,
  tableFields,
} from './table';
import type { Tensor } from './tensor';

export interface ArrayOptions extends TableOptions, SplitOptions, PixelOptions {
  /** Names of the columns, one each. Default: by their places, `x1`, `x2`, … */
  readonly columns?: readonly string[];
  /**
   * Height and width, and channels where there is more than one, of images that are rows of an array
   * `[images, pixels]`. Default `null`: rows of two dimensions are no images.
   */
  readonly image?: readonly [number, number] | readonly [number, number, number] | null;
  /**
   * Where the class of each row is: a file of one number a row, IDX or NumPy; of `data.npz` and
   * `data.safetensors` the name of an array in the same file. Default `null`.
   */
  readonly labels?: string | null;
  /** Whether images of several channels are `[images, channels, height, width]`, as PyTorch has them. Default `false`. */
  readonly channelsFirst?: boolean;
  /** The same of held-out rows, where `heldOut` names these. Default `null`. */
  readonly heldOutLabels?: string | null;
}

export interface ArraySpec extends PixelSpec {
  readonly columns: readonly string[];
  readonly image: readonly [number, number] | readonly [number, number, number] | null;
  readonly channelsFirst: boolean;
  readonly labels: string | null;
  readonly heldOutLabels: string | null;
  readonly heldOut: number | string;
  readonly splitSeed: number | null;
  readonly standardize: boolean | null;
  readonly domain: Domain;
  readonly levels: Readonly<Record<string, readonly string[]>> | null;
  readonly label: string | null;
  readonly rows: number | null;
}

const side = integer(1, 16_384);

/** The schemas of {@link ArrayOptions}, and of the name of labels. @internal */
export const arrayFields = {
  ...tableFields,
  ...pixelFields,
  columns: columnNames('columns').default([]),
  image: z
    .union([z.tuple([side, side]).readonly(), z.tuple([side, side, integer(1, 4)]).readonly()])
    .nullable()
    .default(null),
  channelsFirst: z.boolean().default(false),
  labels: z.string().min(1).nullable().default(null),
  heldOutLabels: z.string().min(1).nullable().default(null),
  ...splitFields,
};

/** The first contradiction between options of an array. */
function arrayFault(spec: ArraySpec) {
  const { label, labels, heldOut, heldOutLabels } = spec;
  if (label !== null && labels !== null) {
    return {
      option: 'labels',
      message: "'label' and 'labels' both say which class a row has.",
      remedy: 'Leave one of them out.',
    };
  }
  const isFile = typeof heldOut === 'string';
  if (isFile !== (heldOutLabels !== null) && (labels !== null || heldOutLabels !== null)) {
    return {
      option: 'heldOutLabels',
      message: isFile
        ? "The rows have 'labels', but the held-out ones have no 'heldOutLabels'."
        : "'heldOutLabels' are of held-out rows that are named by 'heldOut'.",
      remedy: isFile ? 'Give both, or none.' : 'Name these rows, or leave the labels out.',
    };
  }
  if (heldOutLabels !== null && labels === null) {
    return {
      option: 'heldOutLabels',
      message: "The held-out rows have 'heldOutLabels', but the others have no 'labels'.",
      remedy: 'Give both, or none.',
    };
  }
  return undefined;
}

/** Refuses options of an array that contradict each other. @internal */
export function withArrayChecks<Spec extends ArraySpec>(schema: z.ZodType<Spec>): z.ZodType<Spec> {
  return schema.superRefine((spec, context) => {
    const fault = arrayFault(spec) ?? pixelFault(spec);
    if (fault === undefined) return;
    const { option, message, remedy } = fault;
    context.addIssue({ code: 'custom', path: [option], message, params: { remedy } });
  });
}

/** Whether rows have classes: of a column, or of a file or an array of their own. */
export function hasArrayLabels({ label, labels }: Pick<ArraySpec, 'label' | 'labels'>): boolean {
  return label !== null || labels !== null;
}

/** Where the numbers of an array lie. @internal */
export function arrayDomain(spec: ArraySpec): Domain {
  return spec.binarize === null ? spec.domain : pixelDomain(spec);
}

/** How the arrays that a specification names are found. */
export interface ArraySource {
  /** The array of rows, and that of held-out rows where they have one of their own. */
  rows(name: string | null): Promise<Tensor>;
  labels(name: string): Promise<Tensor>;
}

/**
 * The data set of arrays: images where rows have more than one dimension, or an option says so, else a
 * table.
 *
 * @throws ProblemError of kind `data` that names the file and the row, and what would be right
 * @internal
 */
export async function loadArrays(
  spec: ArraySpec,
  source: ArraySource,
  context: DataContext,
): Promise<ScaledDataset> {
  const tensors: Tensor[] = [];
  const opened = async (tensor: Promise<Tensor>) => {
    tensors.push(await tensor);
    return tensors.at(-1)!;
  };
  const classNames = new ClassNames(numberReader({ decimal: '.', thousands: null }));
  const levels =
    spec.domain === 'categorical'
      ? new ColumnLevels(numberReader({ decimal: '.', thousands: null }))
      : undefined;
  const classesOf = async (name: string | null) =>
    name === null ? undefined : readLabels(await opened(source.labels(name)), classNames);
  const main = await opened(source.rows(null));
  const shape = shapeOfImages(main, spec);
  const file = main.file.path;
  const heldOutName = typeof spec.heldOut === 'string' ? spec.heldOut : undefined;
  const heldOutShare = typeof spec.heldOut === 'number' ? spec.heldOut : 0;
  const splitSeed = spec.splitSeed ?? context.seed;
  const classes = await classesOf(spec.labels);
  const hasClasses = classes !== undefined || spec.label !== null;
  if (shape === undefined) {
    const table = await readTable(main, spec, context, { classNames, classes, levels });
    const heldOut =
      heldOutName === undefined
        ? undefined
        : await readTable(
            await opened(source.rows(heldOutName)),
            { ...spec, rows: null },
            context,
            { classNames, classes: await classesOf(spec.heldOutLabels), levels },
          );
    return datasetOf(
      {
        ...table,
        sources: await keptFiles(tensors),
        ...(hasClasses ? { classes: classNames } : {}),
        ...(levels ? { levels } : {}),
        warnings: [],
        ifConstant: 'Where rows are images, say so: image: [height, width].',
      },
      { ...spec, heldOut: heldOutShare },
      splitSeed,
      heldOut,
    );
  }
  const images = await readImages(main, shape, spec, context, classes);
  const heldOut =
    heldOutName === undefined
      ? undefined
      : await heldOutImages(await opened(source.rows(heldOutName)), images.store.shape);
  async function heldOutImages(tensor: Tensor, like: readonly number[]) {
    const ofTensor = shapeOfImages(tensor, spec);
    const read =
      ofTensor &&
      (await readImages(
        tensor,
        ofTensor,
        { ...spec, rows: null },
        context,
        await classesOf(spec.heldOutLabels),
      ));
    if (read !== undefined && read.store.shape.join() === like.join()) return read;
    throw binaryProblem(
      `${tensor.file.path} holds an array of shape [${tensor.header.shape.join(', ')}], but the images to train on are ${like.join(' × ')}.`,
      'Hold out images of the same size.',
    );
  }
  return imageSet({
    file,
    images,
    ...(heldOut ? { heldOut } : {}),
    heldOutShare,
    ...(hasClasses ? { classNames } : {}),
    files: await keptFiles(tensors),
    warnings: images.warnings,
    pixels: spec,
    seed: context.seed,
    splitSeed,
  });
}

/** The files that arrays are from, each once. */
async function keptFiles(tensors: readonly Tensor[]): Promise<KeptFile[]> {
  const files = new Map(tensors.map(({ file }) => [file.path, file]));
  const kept: KeptFile[] = [];
  for (const file of files.values()) kept.push(await file.kept());
  return kept;
}
