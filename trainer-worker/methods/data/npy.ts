import * as z from 'zod';
import { OptionError } from '../options/option-error';
import { specOf } from '../options/validate';
import {
  type ArrayOptions,
  type ArraySpec,
  arrayDomain,
  arrayFields,
  loadArrays,
  withArrayChecks,
} from './array-set';
import { openDataFile } from './data-file';
import type { DataMethod } from './data-method';
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
  if (typeof path !== 'string') {
    throw new OptionError(
      'data.npy: the first argument is not a path.',
      "Write for example data.npy('measurements.npy').",
      [],
    );
  }
  return specOf(schema, 'data.npy', 'npy', { ...options, path });
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
  hasLabels: ({ label, labels }) => label !== null || labels !== null,
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
