import type { Kernel } from '../graph/ops/op';
import { ops } from '../graph/ops/table';
import { activationKernels } from './activation';
import { arithmeticKernels } from './arithmetic';
import { arrangementKernels } from './arrangement';
import { convolutionKernels } from './convolution';
import { einsum } from './einsum';
import { indexingKernels } from './indexing';
import { likeKernels } from './source';

/** Every kernel with inputs that can be traced, by tfjs's name: an operation, or an expression of some. */
export const kernels: ReadonlyMap<string, Kernel> = new Map([
  ...ops.flatMap((op) => Object.entries(op.kernels ?? {})),
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
