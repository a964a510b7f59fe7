import { arrangementCases } from './arrangement';
import type { GraphCase } from './graph-case';
import { indexingCases } from './indexing';
import { pointwiseCases } from './pointwise';
import { productCases } from './products';
import { reductionCases } from './reductions';

/** Every operation, on shapes that broadcast, reduce, have size one or are empty. */
export const graphCases: readonly GraphCase[] = [
  ...pointwiseCases,
  ...reductionCases,
  ...arrangementCases,
  ...indexingCases,
  ...productCases,
];
