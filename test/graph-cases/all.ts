import { arrangementCases } from './arrangement';
import type { GraphCase } from './graph-case';
import { indexingCases } from './indexing';
import { pointwiseCases } from './pointwise';
import { productCases } from './products';
import { reductionCases } from './reductions';

/** Every operation, on shapes that broadcast, reduce, have size one or are empty. */
export const graphCaseFamilies = {
  'element by element': pointwiseCases,
  reductions: reductionCases,
  arrangement: arrangementCases,
  indexing: indexingCases,
  products: productCases,
} satisfies Readonly<Record<string, readonly GraphCase[]>>;

/** All of them in one list. */
export const graphCases: readonly GraphCase[] = Object.values(graphCaseFamilies).flat();
