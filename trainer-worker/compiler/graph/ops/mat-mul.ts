import type { Node, Params } from '../graph';
import { broadcastShapes, sizeOf } from '../shape';
import { broadcastShardings, type Sharding } from '../sharding';
import { broadcastTo, matMul, mul, reshape, sum, sumTo, transpose, uniformValue } from './build';
import type { Op } from './op';

const flags = (params: Params) => ({
  transposeA: params.transposeA!,
  transposeB: params.transposeB!,
});

/** Swaps the last two axes. */
function swapLast(x: Node): Node {
  const rank = x.shape.length;
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}

function isSwapOfLast(node: Node): boolean {
  const permutation = node.params.permutation;
  if (node.op.name !== 'transpose' || permutation === undefined) return false;
  const rank = permutation.length;
  return permutation.every((axis, index) =>
    index < rank - 2 ? axis === index : axis === 2 * rank - 3 - index,
  );
}

export const matMulOp: Op = {
  name: 'matMul',
  result: ([a, b], params, refuse) => {
    const { transposeA, transposeB } = flags(params);
    if (a!.shape.length < 2 || b!.shape.length < 2) refuse('both must have at least two axes');
    if (a!.dtype !== 'float32' || b!.dtype !== 'float32') refuse('both must be float32');
    const [rowsA, columnsA] = a!.shape.slice(-2) as [number, number];
    const [rowsB, columnsB] = b!.shape.slice(-2) as [number, number];
    const inner = transposeA ? rowsA : columnsA;
    if (inner !== (transposeB ? columnsB : rowsB)) {
      refuse(`the inner sizes ${inner} and ${transposeB ? columnsB : rowsB} differ`);
    }
    const batch =
      broadcastShapes(a!.shape.slice(0, -2), b!.shape.slice(0, -2)) ??
      refuse('the leading axes do not broadcast');
    return {
      shape: [...batch, transposeA ? columnsA : rowsA, transposeB ? rowsB : columnsB],
      dtype: 'float32',
    };
  },
  vjp: (g, node) => {
    const [a, b] = node.inputs as [Node, Node];
    const { transposeA, transposeB } = flags(node.params);
    const da = transposeA ? matMul(b, g, transposeB, true) : matMul(g, b, false, !transposeB);
    const db = transposeB ? matMul(g, a, true, transposeA) : matMul(a, g, !transposeA, false);
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
  flops: (node) =>
    2 * sizeOf(node.shape) * node.inputs[0]!.shape.at(node.params.transposeA ? -2 : -1)!,
  shardings: (result, node) => {
    const [a, b] = node.inputs.map(({ shape }) => shape.length) as [number, number];
    const { transposeA, transposeB } = flags(node.params);
    const inner: Sharding[] = [a - (transposeA ? 2 : 1), b - (transposeB ? 1 : 2)];
    if (result === 'partial') return [inner];
    if (result === 'replicated') return [];
    const fromEnd = node.shape.length - result;
    if (fromEnd > 2) return [broadcastShardings(result, node)];
    return fromEnd === 2
      ? [[a - (transposeA ? 1 : 2), 'replicated']]
      : [['replicated', b - (transposeB ? 2 : 1)]];
  },
  simplify: (node) => {
    const [a, b] = node.inputs as [Node, Node];
    const { transposeA, transposeB } = flags(node.params);
    if (isSwapOfLast(a)) return matMul(a.inputs[0]!, b, !transposeA, transposeB);
    if (isSwapOfLast(b)) return matMul(a, b.inputs[0]!, transposeA, !transposeB);
    const inner = a.shape.at(transposeA ? -2 : -1)!;
    const left = uniformValue(a);
    const right = uniformValue(b);
    // A column times a row is an elementwise product.
    if (inner === 1) return mul(transposeA ? swapLast(a) : a, transposeB ? swapLast(b) : b);
    // Equal entries on one side: the product is a sum over the other, the same in each row or column.
    const rank = (x: Node) => x.shape.length;
    if (left !== undefined && rank(a) <= rank(b) && a.shape.slice(0, -2).every((n) => n === 1)) {
      const axis = rank(b) - (transposeB ? 1 : 2);
      const sums = mul(sum(b, [axis]), left);
      return broadcastTo(
        reshape(sums, [...b.shape.slice(0, -2), 1, node.shape.at(-1)!]),
        node.shape,
      );
    }
    if (right !== undefined && rank(b) <= rank(a) && b.shape.slice(0, -2).every((n) => n === 1)) {
      const axis = rank(a) - (transposeA ? 2 : 1);
      const sums = mul(sum(a, [axis]), right);
      return broadcastTo(
        reshape(sums, [...a.shape.slice(0, -2), node.shape.at(-2)!, 1]),
        node.shape,
      );
    }
    return undefined;
  },
  tfjs: (tf, [a, b], node) => {
    const { transposeA, transposeB } = flags(node.params);
    // Some kernels read out of bounds on empty matrices.
    if (sizeOf(a!.shape) === 0 || sizeOf(b!.shape) === 0) return tf.zeros([...node.shape]);
    return tf.matMul(a!, b!, transposeA, transposeB);
  },
  // A third input is what the product is added to; see `run/onnx.ts`.
  onnx: (writer, [a, b, added], node) => {
    const { transposeA, transposeB } = flags(node.params);
    const [left, right] = node.inputs as [Node, Node];
    if (left.shape.length === 2 && right.shape.length === 2) {
      return writer.op('Gemm', [a!, b!, ...(added === undefined ? [] : [added])], {
        transA: Number(transposeA),
        transB: Number(transposeB),
      });
    }
    const swapped = (name: string, x: Node, swap: boolean) =>
      swap ? writer.op('Transpose', [name], { perm: swapPermutation(x.shape.length) }) : name;
    return writer.op('MatMul', [swapped(a!, left, transposeA), swapped(b!, right, transposeB)]);
  },
};

function swapPermutation(rank: number): number[] {
  return [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
}
