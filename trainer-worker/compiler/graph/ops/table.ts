import type { OperationTable } from '../graph';
import { arithmeticRows } from './arithmetic';
import { comparisonRows } from './comparison';
import { controlRows } from './control';
import { convolutionRows } from './convolution';
import { loweredConvolutionRows } from './convolution-lowering';
import { functionRows } from './functions';
import { matMulRow } from './mat-mul';
import { rankingRows } from './ranking';
import { reductionRows } from './reduction';
import type { Row } from './row';
import { structureRows } from './structure';

/** Every operation of the compiler, one row each. */
export const rows: readonly Row[] = [
  ...controlRows,
  ...arithmeticRows,
  ...comparisonRows,
  ...functionRows,
  ...structureRows,
  ...reductionRows,
  ...rankingRows,
  matMulRow,
  ...convolutionRows,
  ...loweredConvolutionRows,
];

export const operationTable: OperationTable = new Map(rows.map((row) => [row.name, row]));
