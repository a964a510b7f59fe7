/** Expressions of operations that several kernels share. */
import type { Node } from '../graph';
import { sizeOf } from '../shape';
import { add, gather, indices, reshape, slice } from './build';

/** Combines a list pairwise, as a tree: its depth is the logarithm of its length. */
export function combine(parts: readonly Node[], join: (a: Node, b: Node) => Node): Node {
  if (parts.length === 1) return parts[0]!;
  const half = Math.ceil(parts.length / 2);
  return join(combine(parts.slice(0, half), join), combine(parts.slice(half), join));
}

/** Cuts x along an axis into parts of these lengths. */
export function split(x: Node, axis: number, sizes: readonly number[]): Node[] {
  let start = 0;
  return sizes.map((size) => {
    const begin = x.shape.map((_, index) => (index === axis ? start : 0));
    start += size;
    return slice(x, begin, x.shape.with(axis, size));
  });
}

/** Where the largest element of an axis stands, the first of equals: int32, without the axis. */
export function argMax(x: Node, axis: number): Node {
  return x.graph.node('argMax', [x], { axis });
}

/** Positions of the k largest elements of each row, largest first; of equals the first comes first. */
export function topIndices(x: Node, k: number): Node {
  return x.graph.node('topIndices', [x], { k });
}

/** From each row (the last axis) of x the elements at positions of its own, int32 `[..., k]`. */
export function gatherAlong(x: Node, positions: Node): Node {
  const length = x.shape.at(-1)!;
  const rows = sizeOf(x.shape.slice(0, -1));
  const k = positions.shape.at(-1)!;
  const firsts = indices(
    x.graph,
    Array.from({ length: rows }, (_, row) => row * length),
  );
  const flat = add(reshape(positions, [rows, k]), reshape(firsts, [rows, 1]));
  return reshape(gather(reshape(x, [rows * length]), flat, 0), positions.shape);
}
