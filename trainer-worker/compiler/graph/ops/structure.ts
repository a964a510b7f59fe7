import type * as tfjs from '@tensorflow/tfjs';
import { slice_util, util } from '@tensorflow/tfjs';
import type { Node } from '../graph';
import {
  broadcastShapes,
  formatShape,
  inversePermutation,
  type Shape,
  sameShape,
  sizeOf,
} from '../shape';
import { elementwiseShardings, movedShardings } from '../sharding';
import { axesIn } from './axes';
import {
  broadcastTo,
  concat,
  constant,
  gather,
  pad,
  reshape,
  scatterAdd,
  slice,
  sumTo,
  transpose,
  uniformValue,
} from './build';
import type { OnnxWriter, Op } from './op';

const numbers = (value: unknown) => value as readonly number[];

/** Rearranging equal values gives equal values: only the shape changes. */
function ofUniform(node: Node): Node | undefined {
  const value = uniformValue(node.inputs[0]!);
  return value === undefined ? undefined : constant(node.graph, value, node.shape, node.dtype);
}

const reshapeOp: Op = {
  name: 'reshape',
  view: true,
  result: ([x], params, refuse) => {
    const shape = params.shape!;
    if (sizeOf(shape) !== sizeOf(x!.shape)) refuse(`it cannot become ${formatShape(shape)}`);
    return { shape, dtype: x!.dtype };
  },
  vjp: (g, node) => [reshape(g, node.inputs[0]!.shape)],
  // Axes of equal size with as many elements before them lie the same in memory.
  shardings: movedShardings((axis, node) => {
    const { shape } = node.inputs[0]!;
    const before = sizeOf(node.shape.slice(0, axis));
    const candidates = [...shape.keys()].filter(
      (index) => shape[index]! > 1 && sizeOf(shape.slice(0, index)) === before,
    );
    // Else one of them is the other with axes that follow it: equal parts are equal parts there too.
    return candidates.find((index) => shape[index] === node.shape[axis]) ?? candidates[0];
  }, true),
  reshaped: (shape) => ({ shape }),
  kernels: {
    Reshape: ({ inputs, attrs }) => {
      const x = inputs['x']!;
      const wanted = [...numbers(attrs['shape'])];
      return reshape(x, util.inferFromImplicitShape(wanted, sizeOf(x.shape)));
    },
  },
  simplify: (node) => {
    const x = node.inputs[0]!;
    if (sameShape(x.shape, node.shape)) return x;
    if (x.op.name === 'reshape') return reshape(x.inputs[0]!, node.shape);
    if (x.op.name === 'constant') {
      return constant(node.graph, x.params.values!, node.shape, node.dtype);
    }
    return ofUniform(node);
  },
  tfjs: (tf, [x], node) => tf.reshape(x!, [...node.shape]),
  onnx: (writer, [x], node) =>
    writer.op('Reshape', [x!, writer.int64(node.shape)], { allowzero: 1 }),
};

const transposeOp: Op = {
  name: 'transpose',
  result: ([x], params) => ({
    shape: params.permutation!.map((axis) => x!.shape[axis]!),
    dtype: x!.dtype,
  }),
  vjp: (g, node) => [transpose(g, inversePermutation(node.params.permutation!))],
  shardings: movedShardings((axis, node) => node.params.permutation![axis], true),
  kernels: {
    Transpose: ({ inputs, attrs }) => {
      const { shape } = inputs['x']!;
      const order = numbers(attrs['perm']);
      // Throws where one is missing or there twice.
      if (axesIn(shape, order).length !== shape.length) throw new Error('An axis is missing.');
      return transpose(inputs['x']!, order);
    },
  },
  simplify: (node) => {
    const x = node.inputs[0]!;
    const permutation = node.params.permutation!;
    if (x.op.name === 'transpose') {
      const inner = x.params.permutation!;
      return transpose(
        x.inputs[0]!,
        permutation.map((axis) => inner[axis]!),
      );
    }
    // Where the axes that are longer than 1 keep their order, memory does not move.
    const long = permutation.filter((axis) => x.shape[axis] !== 1);
    if (long.every((axis, index) => index === 0 || axis > long[index - 1]!)) {
      return reshape(x, node.shape);
    }
    return ofUniform(node);
  },
  tfjs: (tf, [x], node) => tf.transpose(x!, [...node.params.permutation!]),
  onnx: (writer, [x], node) => writer.op('Transpose', [x!], { perm: node.params.permutation! }),
};

const broadcastOp: Op = {
  name: 'broadcastTo',
  // What uses a broadcast value mostly broadcasts by itself.
  free: true,
  result: ([x], params, refuse) => {
    const shape = params.shape!;
    const both = broadcastShapes(x!.shape, shape);
    if (both === undefined || !sameShape(both, shape))
      refuse(`it cannot stretch to ${formatShape(shape)}`);
    return { shape, dtype: x!.dtype };
  },
  vjp: (g, node) => [sumTo(g, node.inputs[0]!.shape)],
  shardings: elementwiseShardings(),
  reshaped: (shape) => ({ shape }),
  simplify: (node) => {
    const x = node.inputs[0]!;
    if (sameShape(x.shape, node.shape)) return x;
    // Constants are the exception: a scalar, broadcast, is their normal form.
    const fixed = uniformValue(node) !== undefined;
    if (!fixed && sizeOf(x.shape) === sizeOf(node.shape)) return reshape(x, node.shape);
    // Leading axes of size 1 are implied.
    if (x.op.name === 'reshape') {
      const source = x.inputs[0]!;
      const extra = x.shape.length - source.shape.length;
      if (
        extra > 0 &&
        x.shape.slice(0, extra).every((size) => size === 1) &&
        sameShape(x.shape.slice(extra), source.shape)
      ) {
        return broadcastTo(source, node.shape);
      }
    }
    return x.op.name === 'broadcastTo' ? broadcastTo(x.inputs[0]!, node.shape) : undefined;
  },
  // tfjs leaves an axis of size 1 alone that is to become empty.
  tfjs: (tf, [x], node) =>
    sizeOf(node.shape) === 0
      ? tf.zeros([...node.shape], node.dtype)
      : tf.broadcastTo(x!, [...node.shape]),
  onnx: (writer, [x], node) => writer.op('Expand', [x!, writer.int64(node.shape)]),
};

const sliceOp: Op = {
  name: 'slice',
  result: ([x], params, refuse) => {
    const begin = params.begin!;
    const size = params.size!;
    const fits = x!.shape.every(
      (length, axis) =>
        Number.isInteger(begin[axis]) &&
        begin[axis]! >= 0 &&
        size[axis]! >= 0 &&
        begin[axis]! + size[axis]! <= length,
    );
    if (!fits) refuse(`a block of ${formatShape(size)} at ${formatShape(begin)} leaves it`);
    return { shape: size, dtype: x!.dtype };
  },
  shardings: movedShardings(
    (axis, node) => (node.shape[axis] === node.inputs[0]!.shape[axis] ? axis : undefined),
    true,
  ),
  reshaped: (size) => ({ size }),
  vjp: (g, node) => {
    const begin = node.params.begin!;
    const shape = node.inputs[0]!.shape;
    return [
      pad(
        g,
        begin,
        shape.map((size, axis) => size - begin[axis]! - node.shape[axis]!),
      ),
    ];
  },
  kernels: {
    Slice: ({ inputs, attrs }) => {
      const x = inputs['x']!;
      const given = attrs as { begin: number | number[]; size: number | number[] };
      // tfjs's own reading: numbers for the first axis alone, -1 for the rest of an axis.
      const reader = { shape: [...x.shape], rank: x.shape.length } as tfjs.Tensor;
      const [begin, size] = slice_util.parseSliceParams(reader, given.begin, given.size);
      slice_util.assertParamsValid(reader, begin!, size!);
      return slice(x, begin!, size!);
    },
  },
  simplify: (node) => {
    const x = node.inputs[0]!;
    if (x.op.name === 'slice') {
      const inner = x.params.begin!;
      const begin = node.params.begin!.map((start, axis) => start + inner[axis]!);
      return slice(x.inputs[0]!, begin, node.shape);
    }
    return ofUniform(node) ?? ofOnePart(node);
  },
  tfjs: (tf, [x], node) => tf.slice(x!, [...node.params.begin!], [...node.shape]),
  onnx: (writer, [x], node) => {
    const begin = node.params.begin!;
    const end = begin.map((start, axis) => start + node.shape[axis]!);
    const axes = begin.map((_, axis) => axis);
    return writer.op('Slice', [x!, writer.int64(begin), writer.int64(end), writer.int64(axes)]);
  },
};

/** A slice that lies within one part of a concatenation, as a slice of that. */
function ofOnePart(node: Node): Node | undefined {
  const joined = node.inputs[0]!;
  if (joined.op.name !== 'concat') return undefined;
  const axis = joined.params.axis!;
  const begin = node.params.begin!;
  let start = begin[axis]!;
  for (const part of joined.inputs) {
    const length = part.shape[axis]!;
    if (start < length) {
      const isWithin = start + node.shape[axis]! <= length;
      return isWithin ? slice(part, begin.with(axis, start), node.shape) : undefined;
    }
    start -= length;
  }
  return undefined;
}

const padOp: Op = {
  name: 'pad',
  result: ([x], params) => {
    const before = params.before!;
    const after = params.after!;
    return {
      shape: x!.shape.map((size, axis) => size + before[axis]! + after[axis]!),
      dtype: x!.dtype,
    };
  },
  vjp: (g, node) => [slice(g, node.params.before!, node.inputs[0]!.shape)],
  shardings: movedShardings((axis, node) =>
    node.shape[axis] === node.inputs[0]!.shape[axis] ? axis : undefined,
  ),
  kernels: {
    PadV2: ({ inputs, attrs, refuse }) => {
      const x = inputs['x']!;
      const paddings = attrs['paddings'] as readonly (readonly [number, number])[];
      const value = attrs['constantValue'] as number;
      if (paddings.length !== x.shape.length) {
        refuse(
          `${paddings.length} pairs of paddings are given for ${x.shape.length} axes`,
          'Give a pair [before, after] for each axis.',
        );
      }
      if (!paddings.flat().every((count) => Number.isInteger(count) && count >= 0)) {
        refuse(
          `the paddings ${JSON.stringify(paddings)} are not whole numbers, 0 or more`,
          'Cut by tf.slice.',
        );
      }
      return pad(
        x,
        paddings.map(([before]) => before),
        paddings.map(([, after]) => after),
        x.dtype === 'float32' ? value : Math.trunc(value),
      );
    },
  },
  tfjs: (tf, [x], node) => {
    const after = node.params.after!;
    const paddings = node.params.before!.map(
      (before, axis) => [before, after[axis]!] as [number, number],
    );
    return tf.pad(x!, paddings, node.params.value!);
  },
  onnx: (writer, [x], node) =>
    writer.op('Pad', [
      x!,
      writer.int64([...node.params.before!, ...node.params.after!]),
      writer.scalar(node.params.value!, node.dtype),
    ]),
};

const concatOp: Op = {
  name: 'concat',
  result: (parts, params, refuse) => {
    const axis = params.axis!;
    const [first] = parts;
    const fit = parts.every(
      (part) =>
        part.dtype === first!.dtype &&
        part.shape.length === first!.shape.length &&
        part.shape.every((size, index) => index === axis || size === first!.shape[index]),
    );
    if (!fit) refuse(`the parts differ in more than axis ${axis}`);
    const length = parts.reduce((total, part) => total + part.shape[axis]!, 0);
    return { shape: first!.shape.with(axis, length), dtype: first!.dtype };
  },
  shardings: movedShardings((axis, node) => (axis === node.params.axis ? undefined : axis), true),
  vjp: (g, node) => {
    const axis = node.params.axis!;
    let start = 0;
    return node.inputs.map((part) => {
      const begin = part.shape.map((_, index) => (index === axis ? start : 0));
      start += part.shape[axis]!;
      return slice(g, begin, part.shape);
    });
  },
  kernels: {
    Concat: ({ inputs, attrs }) => {
      const parts = Object.values(inputs);
      const [axis] = axesIn(parts[0]!.shape, attrs['axis'] as number);
      return concat(parts, axis!);
    },
  },
  tfjs: (tf, parts, node) => tf.concat([...parts], node.params.axis!),
  onnx: (writer, parts, node) => writer.op('Concat', parts, { axis: node.params.axis! }),
};

const gatherOp: Op = {
  name: 'gather',
  result: ([x, positions], params, refuse) => {
    const axis = params.axis!;
    if (positions!.dtype !== 'int32') refuse(`positions are ${positions!.dtype}, not int32`);
    const shape = [...x!.shape.slice(0, axis), ...positions!.shape, ...x!.shape.slice(axis + 1)];
    return { shape, dtype: x!.dtype };
  },
  vjp: (g, node) => {
    const [x, positions] = node.inputs as [Node, Node];
    const axis = node.params.axis!;
    const count = sizeOf(positions.shape);
    const rows = reshape(g, [...x.shape.slice(0, axis), count, ...x.shape.slice(axis + 1)]);
    return [scatterAdd(rows, reshape(positions, [count]), axis, x.shape), undefined];
  },
  shardings: (result, node) => {
    if (typeof result !== 'number') return [];
    const axis = node.params.axis!;
    const rank = node.inputs[1]!.shape.length;
    if (result < axis) return [[result, 'replicated']];
    return result < axis + rank
      ? [['replicated', result - axis]]
      : [[result - rank + 1, 'replicated']];
  },
  simplify: ofUniform,
  tfjs: (tf, [x, positions], node) => tf.gather(x!, positions as tfjs.Tensor1D, node.params.axis!),
  onnx: (writer, inputs, node) => writer.op('Gather', inputs, { axis: node.params.axis! }),
};

const scatterOp: Op = {
  name: 'scatterAdd',
  result: ([rows], params) => ({ shape: params.shape!, dtype: rows!.dtype }),
  shardings: (result, node) => {
    const axis = node.params.axis!;
    if (result === 'partial') return [[axis, 0]];
    return typeof result === 'number' && result !== axis ? [[result, 'replicated']] : [];
  },
  reshaped: (shape) => ({ shape }),
  vjp: (g, node) => [gather(g, node.inputs[1]!, node.params.axis!), undefined],
  tfjs: (tf, [rows, positions], node) => {
    const axis = node.params.axis!;
    // tfjs scatters along the first axis only, and refuses to scatter nothing.
    if (sizeOf(rows!.shape) === 0) return tf.zeros([...node.shape], node.dtype);
    const front = [axis, ...node.shape.map((_, index) => index).filter((index) => index !== axis)];
    const moved = tf.transpose(rows!, front);
    const shape = front.map((index) => node.shape[index]!);
    const scattered = tf.scatterND(
      tf.reshape(positions!, [-1, 1]),
      moved,
      shape as unknown as tfjs.ShapeMap[tfjs.Rank],
    );
    return tf.transpose(scattered, inversePermutation(front));
  },
  onnx: (writer, [rows, positions], node) => {
    const axis = node.params.axis!;
    const source = node.inputs[0]!.shape;
    const aligned = source.map((size, index) => (index === axis ? size : 1));
    const spread = writer.op('Expand', [
      writer.op('Reshape', [positions!, writer.int64(aligned)], { allowzero: 1 }),
      writer.int64(source),
    ]);
    return writer.op('ScatterElements', [zeros(writer, node), spread, rows!], {
      axis,
      reduction: 'add',
    });
  },
};

function zeros(writer: OnnxWriter, like: { shape: Shape; dtype: Node['dtype'] }): string {
  return writer.op('Expand', [writer.scalar(0, like.dtype), writer.int64(like.shape)]);
}

export const structureOps: readonly Op[] = [
  reshapeOp,
  transposeOp,
  broadcastOp,
  sliceOp,
  padOp,
  concatOp,
  gatherOp,
  scatterOp,
];
