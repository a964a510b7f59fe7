import type { Node } from '../graph';
import { type Shape, sameShape, sizeOf } from '../shape';
import { movedShardings, type Sharding } from '../sharding';
import { axesIn } from './axes';
import {
  broadcastTo,
  cast,
  constant,
  cumsum,
  div,
  equal,
  keepAxes,
  max,
  mul,
  neg,
  reshape,
  sum,
  transpose,
  uniformValue,
} from './build';
import type { KernelCall, Op } from './op';

const axesOf = (node: Node) => node.params.axes!;

function reducedShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** Which axis of a reduction's input an axis of its result is. */
function keptAxis(axis: number, node: Node): number | undefined {
  return node.inputs[0]!.shape.map((_, index) => index).filter(
    (index) => !axesOf(node).includes(index),
  )[axis];
}

/** A reduced value stretched back over the axes that were reduced. */
function spread(reduced: Node, node: Node): Node {
  const { shape } = node.inputs[0]!;
  return broadcastTo(keepAxes(reduced, shape, axesOf(node)), shape);
}

/**
 * A reduction as tfjs calls it: axes may be absent (all) or negative, reduced axes may be kept.
 * `reduce` gets the normal form.
 */
export function reduceKernel(reduce: (x: Node, axes: readonly number[]) => Node) {
  return ({ inputs, attrs }: KernelCall): Node => {
    const x = inputs['x']!;
    const given = (attrs['axis'] ?? attrs['reductionIndices']) as
      | number
      | readonly number[]
      | null
      | undefined;
    const axes = axesIn(x.shape, given);
    const reduced = reduce(x, axes);
    return attrs['keepDims'] ? keepAxes(reduced, x.shape, axes) : reduced;
  };
}

const sumOp: Op = {
  name: 'sum',
  result: ([x], params) => ({
    shape: reducedShape(x!.shape, params.axes!),
    dtype: x!.dtype,
  }),
  vjp: (g, node) => [spread(g, node)],
  shardings: (result, node) =>
    result === 'partial'
      ? [...axesOf(node).map((axis): Sharding[] => [axis]), ['partial']]
      : movedShardings(keptAxis)(result, node),
  kernels: {
    Sum: reduceKernel((x, axes) => sum(x.dtype === 'bool' ? cast(x, 'int32') : x, axes)),
  },
  simplify: (node) => {
    const x = node.inputs[0]!;
    const axes = axesOf(node);
    if (axes.every((axis) => x.shape[axis] === 1)) return reshape(x, node.shape);
    if (x.op.name === 'sum') {
      // The inner reduction's axes are gone from x; count the outer ones in the original's axes.
      const inner = axesOf(x);
      const remaining = x.inputs[0]!.shape.map((_, axis) => axis).filter((a) => !inner.includes(a));
      return sum(x.inputs[0]!, [...inner, ...axes.map((axis) => remaining[axis]!)]);
    }
    if (x.op.name === 'neg') return neg(sum(x.inputs[0]!, axes));
    if (x.op.name === 'transpose') return sumOfTranspose(x, axes);
    if (x.op.name === 'broadcastTo') return sumOfBroadcast(x, axes, node);
    if (x.op.name === 'mul') {
      for (const [index, factor] of x.inputs.entries()) {
        const value = uniformValue(factor);
        const rest = x.inputs[1 - index]!;
        // One multiplication after the sum instead of one for each term.
        if (value !== undefined && sameShape(rest.shape, x.shape))
          return mul(sum(rest, axes), value);
      }
    }
    return undefined;
  },
  lower: (node, device) =>
    (device === 'processor' ? (asProduct(node) ?? inOnePass(node)) : undefined) ?? node,
  // tfjs's sums over nothing read what happens to be in memory, or have another shape.
  tfjs: (tf, [x], node) =>
    sizeOf(x!.shape) === 0 ? tf.zeros([...node.shape], node.dtype) : tf.sum(x!, [...axesOf(node)]),
  onnx: (writer, [x], node) =>
    writer.op('ReduceSum', [x!, writer.int64(axesOf(node))], { keepdims: 0 }),
};

/** Rows and columns from which summing columns by a product pays. */
const leastRows = 8;
const leastColumns = 8;

/**
 * A sum over all rows as a product with a row of ones: ONNX Runtime (1.30) sums along the first axis some
 * five times slower than it multiplies, 26 µs against 5 for 256 rows of 128. Gradients of biases are such.
 */
function asProduct(node: Node): Node | undefined {
  const x = node.inputs[0]!;
  if (x.graph.arithmetic < 2) return undefined;
  const axes = axesOf(node);
  const isLeading = axes.every((axis) => axis < axes.length);
  const rows = sizeOf(x.shape.slice(0, axes.length));
  const columns = sizeOf(node.shape);
  if (!isLeading || node.dtype !== 'float32') return undefined;
  if (rows < leastRows || columns < leastColumns) return undefined;
  const ones = constant(x.graph, new Float32Array(rows).fill(1), [1, rows]);
  return reshape(x.graph.node('columnSums', [ones, reshape(x, [rows, columns])]), node.shape);
}

/** The sum of all squares or magnitudes without writing them down first: norms of gradients are such. */
function inOnePass(node: Node): Node | undefined {
  const x = node.inputs[0]!;
  if (x.graph.arithmetic < 2 || node.dtype !== 'float32' || sizeOf(node.shape) !== 1) {
    return undefined;
  }
  const [a, b] = x.inputs;
  const name = x.op.name === 'abs' ? 'sumOfMagnitudes' : 'sumOfSquares';
  if (name === 'sumOfSquares' && (x.op.name !== 'mul' || a !== b)) return undefined;
  return reshape(x.graph.node(name, [a!]), node.shape);
}

/** The sum first: what is left to transpose is smaller, and often in order already. */
function sumOfTranspose(x: Node, axes: readonly number[]): Node {
  const permutation = x.params.permutation!;
  const kept = permutation.filter((_, axis) => !axes.includes(axis));
  const inOrder = [...kept].sort((a, b) => a - b);
  const summed = sum(
    x.inputs[0]!,
    axes.map((axis) => permutation[axis]!),
  );
  return transpose(
    summed,
    kept.map((axis) => inOrder.indexOf(axis)),
  );
}

/** Summing n equal values is multiplying by n. */
function sumOfBroadcast(x: Node, axes: readonly number[], node: Node): Node | undefined {
  const source = x.inputs[0]!;
  const extra = x.shape.length - source.shape.length;
  const stretched = axes.filter(
    (axis) => axis < extra || source.shape[axis - extra] !== x.shape[axis],
  );
  if (stretched.length === 0) return undefined;
  const count = stretched.reduce((n, axis) => n * x.shape[axis]!, 1);
  const inner = axes.filter((axis) => !stretched.includes(axis)).map((axis) => axis - extra);
  const kept = keepAxes(sum(source, inner), source.shape, inner);
  // What is still stretched along axes that are not summed stays so.
  const shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return reshape(broadcastTo(mul(kept, count), shape), node.shape);
}

const maxOp: Op = {
  name: 'max',
  result: ([x], params) => ({
    shape: reducedShape(x!.shape, params.axes!),
    dtype: x!.dtype,
  }),
  // Elements that tie for the maximum share the gradient equally.
  vjp: (g, node) => {
    const x = node.inputs[0]!;
    const chosen = cast(equal(x, spread(node, node)), x.dtype);
    return [mul(spread(div(g, sum(chosen, axesOf(node))), node), chosen)];
  },
  shardings: movedShardings(keptAxis),
  kernels: { Max: reduceKernel(max) },
  simplify: (node) => {
    const x = node.inputs[0]!;
    return axesOf(node).every((axis) => x.shape[axis] === 1) ? reshape(x, node.shape) : undefined;
  },
  tfjs: (tf, [x], node) =>
    sizeOf(x!.shape) === 0
      ? tf.fill([...node.shape], Number.NEGATIVE_INFINITY)
      : tf.max(x!, [...axesOf(node)]),
  onnx: (writer, [x], node) =>
    writer.op('ReduceMax', [x!, writer.int64(axesOf(node))], { keepdims: 0 }),
};

const cumsumOp: Op = {
  name: 'cumsum',
  result: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  shardings: movedShardings((axis, node) => (axis === node.params.axis ? undefined : axis)),
  // The transpose of summing from the front is summing from the back.
  vjp: (g, node) => [
    cumsum(g, node.params.axis!, {
      exclusive: node.params.exclusive!,
      reverse: !node.params.reverse,
    }),
  ],
  kernels: {
    Cumsum: ({ inputs, attrs }) => {
      const x = inputs['x']!;
      const [axis] = axesIn(x.shape, attrs['axis'] as number);
      return cumsum(x, axis!, {
        exclusive: Boolean(attrs['exclusive']),
        reverse: Boolean(attrs['reverse']),
      });
    },
  },
  tfjs: (tf, [x], node) => {
    const axis = node.params.axis!;
    const exclusive = node.params.exclusive!;
    if (!node.params.reverse) return tf.cumsum(x!, axis, exclusive);
    // tfjs's own exclusive sums from the back are wrong on WebGPU (4.22).
    return tf.reverse(tf.cumsum(tf.reverse(x!, axis), axis, exclusive), axis);
  },
  onnx: (writer, [x], node) =>
    writer.op('CumSum', [x!, writer.scalar(node.params.axis!, 'int32')], {
      exclusive: Number(node.params.exclusive),
      reverse: Number(node.params.reverse),
    }),
};

/** What {@link asProduct} makes of a sum: `[1, rows]` ones times `[rows, columns]`. */
const columnSumsOp: Op = {
  name: 'columnSums',
  result: ([ones, x]) => ({ shape: [1, x!.shape[1]!], dtype: ones!.dtype }),
  onnx: (writer, inputs) => writer.op('Gemm', inputs),
};

/** What {@link inOnePass} makes of a sum over everything. */
function wholeSum(name: string, onnx: string): Op {
  return {
    name,
    result: ([x]) => ({ shape: [], dtype: x!.dtype }),
    onnx: (writer, inputs) => writer.op(onnx, inputs, { keepdims: 0 }),
  };
}

export const reductionOps: readonly Op[] = [
  sumOp,
  maxOp,
  cumsumOp,
  columnSumsOp,
  wholeSum('sumOfMagnitudes', 'ReduceL1'),
  wholeSum('sumOfSquares', 'ReduceSumSquare'),
];
