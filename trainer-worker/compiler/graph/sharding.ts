import type { Node } from './graph';
import { type Shape, sameShape } from './shape';

/**
 * How a value is spread over shards, each of which computes on some rows of a batch (GSPMD, Xu et al.
 * 2021, arXiv:2105.04663, section 3): `replicated`, whole in each of them; cut along an axis into equal
 * parts in their order; or `partial`, the sum over the shards of what each of them holds.
 */
export type Sharding = 'replicated' | 'partial' | number;

/** The shape that one shard of a value has. */
export function shapeOfShard(shape: Shape, sharding: Sharding, shards: number): Shape {
  return typeof sharding === 'number' ? shape.with(sharding, shape[sharding]! / shards) : shape;
}

/**
 * Shardings of the operands of an operation that broadcasts, for a result that is cut along `axis`:
 * axes are aligned at the last one, and what is stretched there is used whole.
 */
export function broadcastShardings(axis: number, node: Node): Sharding[] {
  return node.inputs.map(({ shape }) => {
    const own = axis - (node.shape.length - shape.length);
    return own < 0 || shape[own] !== node.shape[axis] ? 'replicated' : own;
  });
}

/**
 * In what an elementwise operation is linear: in all operands `together` (a + b), or in those of these
 * places, each `alone` (a · b in both, a / b in the first). Where it is, it may be taken of each shard's
 * part of a sum, and its results are the parts of its result.
 */
export type Linearity = 'together' | { readonly alone: readonly number[] };

/** Shardings of an elementwise operation. */
export function elementwiseShardings(linear?: Linearity) {
  return (result: Sharding, node: Node): (readonly Sharding[])[] => {
    if (typeof result === 'number') return [broadcastShardings(result, node)];
    if (result === 'replicated' || linear === undefined) return [];
    if (linear === 'together') return [node.inputs.map(() => 'partial')];
    // What is handed from the shards to the rest must not grow by it.
    const asLarge = linear.alone.filter((index) =>
      sameShape(node.inputs[index]!.shape, node.shape),
    );
    return asLarge.map((index) =>
      node.inputs.map((_, at) => (at === index ? 'partial' : 'replicated')),
    );
  };
}

/**
 * Shardings of an operation whose result has the axes of its inputs, in the places that `axisOf` says.
 *
 * @param isLinear whether it moves numbers without looking at them: sums as well, then
 */
export function movedShardings(
  axisOf: (axis: number, node: Node) => number | undefined,
  isLinear = false,
) {
  return (result: Sharding, node: Node): (readonly Sharding[])[] => {
    if (result === 'partial' && isLinear) return [node.inputs.map(() => 'partial')];
    const axis = typeof result === 'number' ? axisOf(result, node) : undefined;
    return axis === undefined ? [] : [node.inputs.map(() => axis)];
  };
}
