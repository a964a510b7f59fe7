import type { Node } from '../graph/graph';
import type { OnnxDevice } from '../graph/ops/op';
import { rewrite } from '../graph/rewrite';
import { simplify } from './simplify';

/** The same values by operations that ONNX Runtime has and is fast at; see `lower` in `graph/ops/op.ts`. */
export function lower(results: readonly Node[], device: OnnxDevice): Node[] {
  return simplify(rewrite(results, (node) => node.op.lower?.(node, device) ?? node));
}
