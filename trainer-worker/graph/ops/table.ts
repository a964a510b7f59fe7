import type { OperationTable } from '../graph';
import { controlRows } from './control';
import { elementwiseRows } from './elementwise';
import { productRows } from './product';
import { reductionRows } from './reduction';
import type { Row } from './row';
import { structureRows } from './structure';

/** Every operation of the compiler, one row each. */
export const rows: readonly Row[] = [
  ...controlRows,
  ...elementwiseRows,
  ...structureRows,
  ...reductionRows,
  ...productRows,
];

export const operationTable: OperationTable = new Map(rows.map((row) => [row.name, row]));
