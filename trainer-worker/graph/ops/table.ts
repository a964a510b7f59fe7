import type { OperationTable } from '../graph';
import { controlRows } from './control';
import { convolutionRows } from './convolution';
import { loweredConvolutionRows } from './convolution-lowering';
import { elementwiseRows } from './elementwise';

import { matMulRow } from './mat-mul';
import { reductionRows } from './reduction';
import type { Row } from './row';
import { structureRows } from './structure';

/** Every operation of the compiler, one row each. */
export const rows: readonly Row[] = [
  ...controlRows,
  ...elementwiseRows,
  ...structureRows,
  ...reductionRows,
  matMulRow,
  ...convolutionRows,
  ...loweredConvolutionRows,
];

export const operationTable: OperationTable = new Map(rows.map((row) => [row.name, row]));
