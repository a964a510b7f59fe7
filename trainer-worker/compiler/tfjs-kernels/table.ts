import type { Kernel } from '../graph/ops/row';
import { rows } from '../graph/ops/table';
import { activationKernels } from './activation';
import { arithmeticKernels } from './arithmetic';
import { arrangementKernels } from './arrangement';
import { convolutionKernels } from './convolution';
import { einsum } from './einsum';
import { indexingKernels } from './indexing';
import { likeKernels } from './source';

/** Every kernel with inputs that can be traced, by tfjs's name: a row, or an expression of rows. */
export const kernels: ReadonlyMap<string, Kernel> = new Map([
  ...rows.flatMap((row) => Object.entries(row.kernels ?? {})),
  ...Object.entries({
    ...activationKernels,
    ...arithmeticKernels,
    ...arrangementKernels,
    ...convolutionKernels,
    ...indexingKernels,
    ...likeKernels,
    Einsum: einsum,
  }),
]);
