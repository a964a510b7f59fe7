/** `samples/`: what the model looked like at some steps, and the data beneath, as NumPy files. */
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { PreviewFrame, PreviewLayout } from '../protocol/run';
import { readRegularFile, replaceFile } from './files';
import { readNpy, writeNpy } from './npy';
import { brokenFile, errorCode, storageProblem } from './storage-problem';

const folder = 'samples';
const largestFile = 2 ** 30;
const stepName = /^(\d{9,15})\.samples\.npy$/;

function name(step: number, kind: 'samples' | 'field'): string {
  return `${folder}/${String(step).padStart(9, '0')}.${kind}.npy`;
}

const dataName = `${folder}/data.npy`;

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
  if (frame.field) {
    const { resolution } = layout;
    await replaceFile(
      directory,
      name(frame.step, 'field'),
      writeNpy(frame.field, [resolution, resolution]),
    );
  }
  await replaceFile(
    directory,
    name(frame.step, 'samples'),
    writeNpy(frame.samples, [frame.count, layout.dimensions]),
  );
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
  const frame = { step, samples: samples.values, count: samples.rows };
  if (layout.resolution === 0 || !(await exists(directory, name(step, 'field')))) return frame;
  const field = await readMatrix(directory, name(step, 'field'));
  const { resolution } = layout;
  if (field.rows !== resolution || field.columns !== resolution) {
    throw wrongShape(directory, name(step, 'field'), field, `${resolution} rows and columns`);
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
export async function writeData(
  directory: string,
  data: { readonly values: Float32Array; readonly count: number },
): Promise<void> {
  const columns = data.count === 0 ? 0 : data.values.length / data.count;
  await replaceFile(directory, dataName, writeNpy(data.values, [data.count, columns]));
}

/**
 * The kept data, or nothing if none were.
 *
 * @throws ProblemError of kind `storage` when the file is broken
 */
export async function readData(
  directory: string,
): Promise<{ values: Float32Array; count: number } | undefined> {
  if (!(await exists(directory, dataName))) return undefined;
  const { values, rows } = await readMatrix(directory, dataName);
  return { values, count: rows };
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
