import type { OperationTable } from '../graph';
import { arithmeticOps } from './arithmetic';
import { comparisonOps } from './comparison';
import { controlOps } from './control';
import { convolutionOps } from './convolution';
import { loweredConvolutionOps } from './convolution-lowering';
import { functionOps } from './functions';
import { matMulOp } from './mat-mul';
import type { Op } from './op';
import { rankingOps } from './ranking';
import { reductionOps } from './reduction';
import { structureOps } from './structure';
import { swishOps } from './swish';

/** Every operation of the compiler, one each. */
export const ops: readonly Op[] = [
  ...controlOps,
  ...arithmeticOps,
  ...comparisonOps,
  ...functionOps,
  ...swishOps,
  ...structureOps,
  ...reductionOps,
  ...rankingOps,
  matMulOp,
  ...convolutionOps,
  ...loweredConvolutionOps,
];

export const operationTable: OperationTable = new Map(ops.map((op) => [op.name, op]));
