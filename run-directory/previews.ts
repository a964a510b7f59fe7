/**
 * `samples/`: what the model looked like at some steps, and the data beneath, as NumPy files; what is known
 * of the rows beside their numbers as safetensors, since that is several arrays.
 */
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FieldStack, Filters, PreviewFrame, PreviewLayout, ShownRows } from '../protocol/run';
import { readRegularFile, replaceFile } from './files';
import { readNpy, writeNpy } from './npy';
import { type NamedTensor, readAllTensors, writeSafetensors } from './safetensors';
import { brokenFile, errorCode, storageProblem } from './storage-problem';

const folder = 'samples';
const largestFile = 2 ** 30;
const stepName = /^(\d{9,15})\.samples\.npy$/;

function name(step: number, kind: 'samples' | 'field'): string {
  return `${folder}/${String(step).padStart(9, '0')}.${kind}.npy`;
}

function knownName(step: number): string {
  return `${folder}/${String(step).padStart(9, '0')}.known.safetensors`;
}

const dataName = `${folder}/data.npy`;
const labelsName = `${folder}/data.labels.npy`;

/**
 * Keeps a preview. The samples come last, so that a step that is listed is complete.
 *
 * @throws ProblemError of kind `storage`
 */
export async function writePreview(
  directory: string,
  frame: PreviewFrame,
  layout: PreviewLayout,
): Promise<void> {
  // A run that goes on is drawn as it was begun, also where newer ones have a field.
  if (frame.field && layout.resolution > 0) {
    const shape = fieldShape(layout);
    await replaceFile(directory, name(frame.step, 'field'), writeNpy(frame.field, shape));
  }
  const known = tensorsOf(frame, layout);
  if (known.length > 0) {
    await replaceFile(directory, knownName(frame.step), writeSafetensors(known, {}));
  }
  await replaceFile(
    directory,
    name(frame.step, 'samples'),
    writeNpy(frame.samples, [frame.count, layout.dimensions]),
  );
}

/** Rows and columns of the energies: one row for the cells of a line. */
function fieldShape({ dimensions, resolution }: PreviewLayout): readonly [number, number] {
  return [dimensions === 1 ? 1 : resolution, resolution];
}

/** What is known of a preview's rows, by the names that the file has. */
function tensorsOf(frame: PreviewFrame, { dimensions }: PreviewLayout): NamedTensor[] {
  const { energies, ages, classes, classFields, paths, logPartition, filters } = frame;
  const vector = (label: string, data: Float32Array | undefined): NamedTensor[] =>
    data ? [{ name: label, shape: [data.length], data }] : [];
  return [
    ...vector(names.samples, energies?.samples),
    ...vector(names.data, energies?.data),
    ...vector(names.heldOut, energies?.heldOut),
    ...vector(names.outOfDistribution, energies?.outOfDistribution),
    ...vector(names.ages, ages),
    ...vector(names.classes, classes),
    ...stack(names.classFields, classFields),
    ...vector(names.logPartition, of(logPartition)),
    ...vector(names.iterations, paths && Float32Array.from(paths.iterations)),
    ...(paths
      ? [
          {
            name: names.paths,
            shape: [paths.iterations.length, paths.chains, dimensions],
            data: paths.values,
          },
        ]
      : []),
    ...(filters
      ? [
          {
            name: names.filters,
            shape: [filters.units.length, filters.height, filters.width, filters.channels],
            data: filters.values,
          },
          ...vector(names.filterUnits, filters.units),
          ...vector(names.filtersOf, of(filters.of)),
        ]
      : []),
  ];
}

function stack(label: string, fields: FieldStack | undefined): NamedTensor[] {
  if (fields === undefined) return [];
  const { values, resolution } = fields;
  const count = values.length / resolution ** 2;
  return [{ name: label, shape: [count, resolution, resolution], data: values }];
}

function of(value: number | undefined): Float32Array | undefined {
  return value === undefined ? undefined : Float32Array.of(value);
}

/** Tensors of the file of what is known. */
const names = {
  samples: 'energies/samples',
  data: 'energies/data',
  heldOut: 'energies/held-out',
  outOfDistribution: 'energies/out-of-distribution',
  ages: 'ages',
  classes: 'classes',
  classFields: 'fields/classes',
  logPartition: 'log Z',
  paths: 'paths',
  iterations: 'paths/iterations',
  filters: 'filters',
  filterUnits: 'filters/units',
  filtersOf: 'filters/of',
} as const;

/** What is known of the rows of a kept preview; nothing where none was kept. */
async function readKnown(
  directory: string,
  step: number,
  count: number,
  { dimensions }: PreviewLayout,
): Promise<Omit<PreviewFrame, 'step' | 'samples' | 'count' | 'field'>> {
  const relative = knownName(step);
  if (!(await exists(directory, relative))) return {};
  const file = path.join(directory, relative);
  const tensors = await readTensors(directory, relative);
  /** @param length how many numbers it must have */
  const take = (label: string, length?: number): Float32Array | undefined => {
    const found = tensors.get(label)?.data;
    if (found === undefined || length === undefined || found.length === length) return found;
    throw brokenFile(file, `'${label}' has ${found.length} numbers, not ${length}.`, remedy);
  };
  const samples = take(names.samples, count);
  const data = take(names.data);
  const heldOut = take(names.heldOut);
  const outOfDistribution = take(names.outOfDistribution);
  const ages = take(names.ages, count);
  const classes = take(names.classes, count);
  const classFields = stackOf(tensors.get(names.classFields), file);
  const logPartition = take(names.logPartition, 1)?.[0];
  const iterations = take(names.iterations);
  const filters = filtersIn(tensors, (wrong) => brokenFile(file, wrong, remedy));
  const chains = tensors.get(names.paths)?.shape[1] ?? 0;
  const values = take(names.paths, (iterations?.length ?? 0) * chains * dimensions);
  return {
    ...(samples && data
      ? {
          energies: {
            samples,
            data,
            ...(heldOut ? { heldOut } : {}),
            ...(outOfDistribution ? { outOfDistribution } : {}),
          },
        }
      : {}),
    ...(ages ? { ages } : {}),
    ...(classes ? { classes } : {}),
    ...(classFields ? { classFields } : {}),
    ...(logPartition === undefined ? {} : { logPartition }),
    ...(iterations && values ? { paths: { values, chains, iterations: [...iterations] } } : {}),
    ...(filters ? { filters } : {}),
  };
}

/** The filters that a file has, if it has some and their shapes fit. */
function filtersIn(
  tensors: ReadonlyMap<string, NamedTensor>,
  broken: (wrong: string) => Error,
): Filters | undefined {
  const filters = tensors.get(names.filters);
  if (filters === undefined) return undefined;
  const [count, height, width, channels] = filters.shape;
  const units = tensors.get(names.filterUnits)?.data;
  const of = tensors.get(names.filtersOf)?.data[0];
  const isWhole = units !== undefined && of !== undefined && filters.data.length > 0;
  if (!isWhole || filters.shape.length !== 4 || units.length !== count) {
    throw broken(`'${names.filters}' are not pictures of so many units.`);
  }
  const sides = { height: height!, width: width!, channels: channels! };
  return { values: filters.data, ...sides, units, of };
}

/** Square fields as they were kept; nothing where none were. */
function stackOf(tensor: NamedTensor | undefined, file: string): FieldStack | undefined {
  if (tensor === undefined) return undefined;
  const [, rows = 0, columns] = tensor.shape;
  if (tensor.shape.length === 3 && rows > 0 && rows === columns) {
    return { values: tensor.data, resolution: rows };
  }
  const shape = tensor.shape.join(' × ');
  throw brokenFile(file, `'${tensor.name}' is ${shape}, which is no square fields.`, remedy);
}

async function readTensors(
  directory: string,
  relative: string,
): Promise<ReadonlyMap<string, NamedTensor>> {
  const bytes = await readRegularFile(directory, relative, largestFile);
  try {
    return new Map(readAllTensors(bytes).tensors.map((tensor) => [tensor.name, tensor]));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw brokenFile(path.join(directory, relative), why, remedy);
  }
}

/**
 * A kept preview, in arrays of their own. The field is absent where the layout has none or where
 * none was kept for this step.
 *
 * @throws ProblemError of kind `storage` when a file is missing, broken or of another shape
 */
export async function readPreview(
  directory: string,
  step: number,
  layout: PreviewLayout,
): Promise<PreviewFrame> {
  const samples = await readMatrix(directory, name(step, 'samples'));
  if (samples.columns !== layout.dimensions) {
    throw wrongShape(directory, name(step, 'samples'), samples, `${layout.dimensions} columns`);
  }
  const frame: PreviewFrame = {
    step,
    samples: samples.values,
    count: samples.rows,
    ...(await readKnown(directory, step, samples.rows, layout)),
  };
  if (layout.resolution === 0 || !(await exists(directory, name(step, 'field')))) return frame;
  const field = await readMatrix(directory, name(step, 'field'));
  const [rows, columns] = fieldShape(layout);
  if (field.rows !== rows || field.columns !== columns) {
    const wanted = `${rows} rows and ${columns} columns`;
    throw wrongShape(directory, name(step, 'field'), field, wanted);
  }
  return { ...frame, field: field.values };
}

/**
 * The steps that have a preview, ascending. None where there is no folder for them.
 *
 * @throws ProblemError of kind `storage` when the folder cannot be read
 */
export async function listPreviewSteps(directory: string): Promise<number[]> {
  const at = path.join(directory, folder);
  try {
    if ((await lstat(at)).isSymbolicLink()) {
      throw brokenFile(at, 'it is a symbolic link, which is never followed.', 'Remove it.');
    }
    const entries = await readdir(at, { withFileTypes: true });
    return entries
      .flatMap((entry) => {
        const step = entry.isFile() ? stepName.exec(entry.name)?.[1] : undefined;
        return step === undefined ? [] : [Number(step)];
      })
      .sort((a, b) => a - b);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return [];
    throw storageProblem(thrown, at, 'list');
  }
}

/**
 * Keeps the data that are drawn beneath the samples, `[count, D]` in model space.
 *
 * @throws ProblemError of kind `storage`
 */
export async function writeData(directory: string, data: ShownRows): Promise<void> {
  const columns = data.count === 0 ? 0 : data.values.length / data.count;
  if (data.labels) {
    await replaceFile(directory, labelsName, writeNpy(data.labels, [data.count, 1]));
  }
  await replaceFile(directory, dataName, writeNpy(data.values, [data.count, columns]));
}

/**
 * The kept data, or nothing if none were.
 *
 * @throws ProblemError of kind `storage` when the file is broken
 */
export async function readData(directory: string): Promise<ShownRows | undefined> {
  if (!(await exists(directory, dataName))) return undefined;
  const { values, rows } = await readMatrix(directory, dataName);
  if (!(await exists(directory, labelsName))) return { values, count: rows };
  const labels = await readMatrix(directory, labelsName);
  if (labels.rows !== rows || labels.columns !== 1) {
    throw wrongShape(directory, labelsName, labels, `${rows} rows of one column`);
  }
  return { values, count: rows, labels: labels.values };
}

interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

async function readMatrix(directory: string, relative: string): Promise<Matrix> {
  const file = path.join(directory, relative);
  const bytes = await readRegularFile(directory, relative, largestFile);
  let array: ReturnType<typeof readNpy>;
  try {
    array = readNpy(bytes);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw brokenFile(file, why, remedy);
  }
  const [rows, columns] = array.shape;
  if (array.shape.length !== 2 || rows === undefined || columns === undefined) {
    throw brokenFile(file, `it has ${array.shape.length} dimensions instead of 2.`, remedy);
  }
  if (!(array.data instanceof Float32Array)) {
    throw brokenFile(file, `its numbers are ${array.dtype} instead of f4.`, remedy);
  }
  return { values: array.data, rows, columns };
}

const remedy = 'Delete this file: the rest of the run can still be shown.';

function wrongShape(directory: string, relative: string, matrix: Matrix, wanted: string) {
  return brokenFile(
    path.join(directory, relative),
    `it has ${matrix.rows} rows and ${matrix.columns} columns, but the run's layout asks for ${wanted}.`,
    remedy,
  );
}

/** Whether something is there; what it is shows when it is read. */
async function exists(directory: string, relative: string): Promise<boolean> {
  try {
    await lstat(path.join(directory, relative));
    return true;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return false;
    throw storageProblem(thrown, path.join(directory, relative), 'look at');
  }
}
