import * as z from 'zod';
import { ProblemError } from '../../../protocol/problem';
import { excerpt } from '../options/excerpt';
import { integer } from '../options/numbers';
import { ClassNames } from './class-names';
import { readRecords } from './csv-records';
import { binaryProblem, dataProblem, openDataFile } from './data-file';
import type { DataMethod } from './data-method';
import type { DataContext } from './dataset';
import { decodeText } from './decode-text';
import { fileSpec } from './file-spec';
import { ImageCollection, type ImageFilesSpec } from './image-collection';
import {
  findImages,
  folderHash,
  type ImageFolder,
  readImages,
  unreadableImage,
} from './image-folder';
import { type ImageFilesOptions, imageFilesFields, pixelsOf } from './image-options';
import { type ImagesRead, imageSet } from './image-set';
import { numberReader } from './number-text';
import { type PixelSpec, pixelDomain, pixelFault } from './pixels';
import { type SplitOptions, splitFields } from './table';

export interface ImagesOptions extends ImageFilesOptions, SplitOptions {
  /**
   * The class of each image: `'folder'` for the name of the first folder that it is in, or a CSV file of
   * two columns, names of images, relative to their folder, and classes. Default `null`: images have no
   * classes.
   */
  readonly labels?: string | null;
  /** The CSV file of the classes of held-out images, where `heldOut` names their folder. Default `null`. */
  readonly heldOutLabels?: string | null;
  /**
   * How many images are used at most, drawn by the seed with equal chances, 3 to 4 294 967 295. Default
   * `null`: all.
   */
  readonly rows?: number | null;
}

export interface ImagesSpec extends Omit<PixelSpec, 'crop' | 'resize'>, ImageFilesSpec {
  readonly type: 'images';
  readonly path: string;
  readonly labels: string | null;
  readonly heldOut: number | string;
  readonly heldOutLabels: string | null;
  readonly splitSeed: number | null;
}

/**
 * Images of a folder and the folders in it, PNG and JPEG of 8 bits a channel, in the order of their names.
 * How a camera was held is not looked at, nor a colour profile.
 *
 * @param path a folder, or a pattern such as `'photos/*.png'` or `'photos/**\/*.jpg'`; relative to the
 *   experiment file
 * @example
 * data.images('flowers', { size: [32, 32], channels: 3, labels: 'folder', flip: true })
 */
export function images(path: string, options?: ImagesOptions): ImagesSpec {
  return fileSpec(schema, 'images', path, options, "data.images('photos', { size: [32, 32] })");
}

const schema: z.ZodType<ImagesSpec> = z
  .strictObject({
    type: z.literal('images'),
    path: z.string().min(1),
    labels: z.string().min(1).nullable().default(null),
    heldOutLabels: z.string().min(1).nullable().default(null),
    rows: integer(3, 2 ** 32 - 1)
      .nullable()
      .default(null),
    ...imageFilesFields,
    ...splitFields,
  })
  .superRefine((spec, context) => {
    const fault = pixelFault(pixelsOf(spec)) ?? labelsFault(spec);
    if (fault === undefined) return;
    const { option, message, remedy } = fault;
    context.addIssue({ code: 'custom', path: [option], message, params: { remedy } });
  });

/** What is wrong with where classes are. */
function labelsFault({ labels, heldOut, heldOutLabels }: Omit<ImagesSpec, 'type'>) {
  const isNeeded = labels !== null && labels !== byFolder && typeof heldOut === 'string';
  if (isNeeded === (heldOutLabels !== null)) return undefined;
  return {
    option: 'heldOutLabels',
    message: isNeeded
      ? "The images have 'labels' in a file, but the held-out ones have no 'heldOutLabels'."
      : "'heldOutLabels' are of images that 'heldOut' names, where 'labels' is a file too.",
    remedy: isNeeded ? 'Give both.' : 'Leave it out.',
  };
}

/** Classes are names of folders. */
const byFolder = 'folder';

/** @internal */
export const imagesMethod: DataMethod<ImagesSpec, typeof images> = {
  create: images,
  schema,
  domain: (spec) => pixelDomain(pixelsOf(spec)),
  hasLabels: ({ labels }) => labels !== null,
  async load(spec, context) {
    const classNames = new ClassNames(numberReader({ decimal: '.', thousands: null }));
    const read = await readFolder(spec, context, spec.path, spec.labels, classNames);
    const { shape } = read.store;
    const heldOut =
      typeof spec.heldOut === 'string'
        ? await readFolder(
            { ...spec, rows: null, size: [shape[0], shape[1]], channels: shape[2] as 1 | 3 | 4 },
            context,
            spec.heldOut,
            spec.labels === byFolder ? byFolder : spec.heldOutLabels,
            classNames,
          )
        : undefined;
    return imageSet({
      file: read.folder,
      images: read,
      ...(heldOut ? { heldOut } : {}),
      heldOutShare: typeof spec.heldOut === 'number' ? spec.heldOut : 0,
      ...(spec.labels === null ? {} : { classNames }),
      files: [...read.files, ...(heldOut?.files ?? [])],
      warnings: [...read.warnings, ...(heldOut?.warnings ?? [])],
      pixels: pixelsOf(spec),
      seed: context.seed,
      splitSeed: spec.splitSeed ?? context.seed,
    });
  },
};

/** Reads all images of a folder, one after another. */
async function readFolder(
  spec: ImagesSpec,
  context: DataContext,
  given: string,
  labels: string | null,
  classNames: ClassNames,
) {
  const folder = await findImages(given, context.directory);
  const named = await classesOf(folder, labels, context, classNames);
  const hash = folderHash();
  const images = new ImageCollection({
    file: folder.path,
    spec,
    pixels: pixelsOf(spec),
    context,
  });
  for await (const [found, decoded] of readImages(folder.images, hash)) {
    try {
      images.take(decoded, found.name);
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw unreadableImage(found.path, error);
    }
  }
  const store = images.store!;
  const read: ImagesRead = { store, ...(named ? { classes: named.classes } : {}) };
  return {
    ...read,
    folder: folder.path,
    files: [{ file: given, sha256: hash.digest('hex') }, ...(named?.files ?? [])],
    warnings: [...folder.warnings, ...store.warnings()],
  };
}

/** The classes of images, by their folders or by a file, and the file. */
async function classesOf(
  { images: found, path: folder }: ImageFolder,
  labels: string | null,
  context: DataContext,
  classNames: ClassNames,
) {
  if (labels === null) return undefined;
  if (labels === byFolder) {
    const classes = found.map(({ name, path: file }) => {
      const [first, ...rest] = name.split('/');
      if (rest.length > 0) return classNames.idOf(first!);
      throw binaryProblem(
        `The image ${file} is in no folder of ${folder} whose name would be its class.`,
        "Put it into one, or leave out labels: 'folder'.",
      );
    });
    return { classes, files: [] };
  }
  const file = await openDataFile(labels, context);
  const byName = new Map<string, number>();
  const names = new Set(found.map(({ name }) => name));
  let isFirst = true;
  await readRecords(
    decodeText(file.contents(), null, file.path),
    { delimiter: ',', quote: '"', comment: null, skip: 0 },
    file.path,
    ({ fields, lastLine }) => {
      const [name = '', label = ''] = fields.map((field) => field.trim());
      const wasFirst = isFirst;
      isFirst = false;
      // A row of names of columns names no image.
      if (wasFirst && !names.has(name)) return;
      if (fields.length !== 2 || label === '') {
        throw dataProblem(
          file.path,
          `Line ${lastLine} of ${file.path} is not the name of an image and its class.`,
          'Write two columns: the name of the image, relative to its folder, and its class.',
          lastLine,
        );
      }
      const id = classNames.idOf(label);
      if (byName.has(name) && byName.get(name) !== id) {
        throw dataProblem(
          file.path,
          `Line ${lastLine} of ${file.path} gives '${excerpt(name)}' another class than a line before.`,
          'Name each image once.',
          lastLine,
        );
      }
      byName.set(name, id);
    },
  );
  const classes = found.map(({ name }) => {
    const id = byName.get(name);
    if (id !== undefined) return id;
    throw dataProblem(
      file.path,
      `${file.path} has no class of the image '${excerpt(name)}'.`,
      `Name each image as it lies in ${folder}, for example '${excerpt(found[0]!.name)}'.`,
    );
  });
  return { classes, files: [await file.kept()] };
}
