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
import { openSafetensors } from './safetensors-tensor';

export interface SafetensorsOptions extends ArrayOptions {
  /** Which tensor has the rows. Default `null`: the only one. */
  readonly tensor?: string | null;
}

export interface SafetensorsSpec extends ArraySpec {
  readonly type: 'safetensors';
  readonly path: string;
  readonly tensor: string | null;
}

/**
 * Rows or images of a tensor in a safetensors file, as PyTorch, JAX and NumPy write them.
 *
 * @param path relative to the experiment file
 * @example
 * data.safetensors('cifar.safetensors', { tensor: 'images', labels: 'labels', channelsFirst: true })
 */
export function safetensors(path: string, options?: SafetensorsOptions): SafetensorsSpec {
  return fileSpec(schema, 'safetensors', path, options, "data.safetensors('images.safetensors')");
}

const schema: z.ZodType<SafetensorsSpec> = withArrayChecks(
  z.strictObject({
    type: z.literal('safetensors'),
    path: z.string().min(1),
    tensor: z.string().min(1).nullable().default(null),
    ...arrayFields,
  }),
);

/** @internal */
export const safetensorsMethod: DataMethod<SafetensorsSpec, typeof safetensors> = {
  create: safetensors,
  schema,
  domain: arrayDomain,
  hasLabels: hasArrayLabels,
  load: (spec, context) =>
    loadArrays(
      spec,
      {
        rows: async (name) =>
          openSafetensors(await openDataFile(spec.path, context), name ?? spec.tensor),
        labels: async (name) => openSafetensors(await openDataFile(spec.path, context), name),
      },
      context,
    ),
};
