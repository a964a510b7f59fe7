import * as z from 'zod';
import {
  type ArrayOptions,
  type ArraySpec,
  arrayDomain,
  arrayFields,
  hasArrayLabels,
  loadArrays,
  withArrayChecks,
} from './array-set';
import { binaryProblem, openDataFile } from './data-file';
import type { DataMethod } from './data-method';
import type { DataContext } from './dataset';
import { fileSpec } from './file-spec';
import { openNpy } from './npy-tensor';
import { isArchive } from './npz-entries';

export interface NpzOptions extends ArrayOptions {
  /** Which array has the rows. Default `null`: the only one. */
  readonly array?: string | null;
}

export interface NpzSpec extends ArraySpec {
  readonly type: 'npz';
  readonly path: string;
  readonly array: string | null;
}

/**
 * Rows or images of an archive of NumPy arrays (`.npz`): one by its name, its classes and held-out rows by
 * theirs.
 *
 * @param path relative to the experiment file
 * @example
 * data.npz('mnist.npz', {
 *   array: 'x_train',
 *   labels: 'y_train',
 *   heldOut: 'x_test',
 *   heldOutLabels: 'y_test',
 * })
 */
export function npz(path: string, options?: NpzOptions): NpzSpec {
  return fileSpec(schema, 'npz', path, options, "data.npz('mnist.npz', { array: 'x_train' })");
}

const schema: z.ZodType<NpzSpec> = withArrayChecks(
  z.strictObject({
    type: z.literal('npz'),
    path: z.string().min(1),
    array: z.string().min(1).nullable().default(null),
    ...arrayFields,
  }),
);

/** @internal */
export const npzMethod: DataMethod<NpzSpec, typeof npz> = {
  create: npz,
  schema,
  domain: arrayDomain,
  hasLabels: hasArrayLabels,
  load: (spec, context) =>
    loadArrays(
      spec,
      {
        rows: async (name) => openNpy(await archive(spec, context), name ?? spec.array),
        labels: async (name) => openNpy(await archive(spec, context), name),
      },
      context,
    ),
};

/** @throws ProblemError of kind `data` where it is no archive */
async function archive({ path }: NpzSpec, context: DataContext) {
  const file = await openDataFile(path, context);
  if (await isArchive(file.path)) return file;
  throw binaryProblem(
    `${file.path} is no archive of NumPy arrays.`,
    'Write it with numpy.savez; a single array loads with data.npy.',
  );
}
