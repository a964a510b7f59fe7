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
import { openDataFile } from './data-file';
import type { DataMethod } from './data-method';
import { fileSpec } from './file-spec';
import { openNpy } from './npy-tensor';
import { openAny } from './open-any';

export interface NpyOptions extends ArrayOptions {
  /** Which array of an archive (`.npz`) is meant. Default `null`: the only one. */
  readonly array?: string | null;
}

export interface NpySpec extends ArraySpec {
  readonly type: 'npy';
  readonly path: string;
  readonly array: string | null;
}

/**
 * Rows or images of a NumPy file: an array of numbers of shape `[rows, columns]`, or `[rows]` for one
 * column, or `[images, height, width]` or `[images, height, width, channels]`; by itself (`.npy`) or in an
 * archive (`.npz`).
 *
 * @param path relative to the experiment file
 */
export function npy(path: string, options?: NpyOptions): NpySpec {
  return fileSpec(schema, 'npy', path, options, "data.npy('measurements.npy')");
}

const schema: z.ZodType<NpySpec> = withArrayChecks(
  z.strictObject({
    type: z.literal('npy'),
    path: z.string().min(1),
    array: z.string().min(1).nullable().default(null),
    ...arrayFields,
  }),
);

/** @internal */
export const npyMethod: DataMethod<NpySpec, typeof npy> = {
  create: npy,
  schema,
  domain: arrayDomain,
  hasLabels: hasArrayLabels,
  load: (spec, context) =>
    loadArrays(
      spec,
      {
        rows: async (name) => openNpy(await openDataFile(name ?? spec.path, context), spec.array),
        labels: async (name) => openAny(await openDataFile(name, context)),
      },
      context,
    ),
};
