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
import { openIdx } from './idx-tensor';
import { openAny } from './open-any';

export interface IdxOptions extends ArrayOptions {}

export interface IdxSpec extends ArraySpec {
  readonly type: 'idx';
  readonly path: string;
}

/**
 * Images, or rows, of an IDX file, gzipped or not: the format in which MNIST, Fashion-MNIST, EMNIST and KMNIST
 * come.
 *
 * @param path relative to the experiment file
 * @example
 * data.idx('train-images-idx3-ubyte.gz', {
 *   labels: 'train-labels-idx1-ubyte.gz',
 *   heldOut: 't10k-images-idx3-ubyte.gz',
 *   heldOutLabels: 't10k-labels-idx1-ubyte.gz',
 * })
 */
export function idx(path: string, options?: IdxOptions): IdxSpec {
  return fileSpec(schema, 'idx', path, options, "data.idx('train-images-idx3-ubyte.gz')");
}

const schema: z.ZodType<IdxSpec> = withArrayChecks(
  z.strictObject({
    type: z.literal('idx'),
    path: z.string().min(1),
    ...arrayFields,
  }),
);

/** @internal */
export const idxMethod: DataMethod<IdxSpec, typeof idx> = {
  create: idx,
  schema,
  domain: arrayDomain,
  hasLabels: hasArrayLabels,
  load: (spec, context) =>
    loadArrays(
      spec,
      {
        rows: async (name) => openIdx(await openDataFile(name ?? spec.path, context)),
        labels: async (name) => openAny(await openDataFile(name, context)),
      },
      context,
    ),
};
