import type { Node } from './graph';
import { rewrite } from './rewrite';
import { simplify } from './simplify';

/** The same values by operations that ONNX Runtime has and is fast at; see `lower` in `ops/row.ts`. */
export function lower(results: readonly Node[]): Node[] {
  return simplify(rewrite(results, (node) => node.row.lower?.(node) ?? node));
}
