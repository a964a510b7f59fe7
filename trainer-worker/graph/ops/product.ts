import type * as tfjs from '@tensorflow/tfjs';
import type { Attributes, Node } from '../graph';
import { broadcastShapes, formatShape, type Shape, sizeOf } from '../shape';
import {
  broadcastTo,
  type ConvolutionGeometry,
  convolve,
  convolveFilter,
  convolveInput,
  matMul,
  mul,
  reshape,
  sum,
  sumTo,
  transpose,
  uniformValue,
} from './build';
import type { OnnxWriter, Row, TensorFlow } from './row';

// Matrix products.

const flags = (attributes: Attributes) => ({
  transposeA: attributes['transposeA'] as boolean,
  transposeB: attributes['transposeB'] as boolean,
});

/** Swaps the last two axes. */
export function swapLast(x: Node): Node {
  const rank = x.shape.length;
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}

function isSwapOfLast(node: Node): boolean {
  const permutation = node.attributes['permutation'] as readonly number[] | undefined;
  if (node.row.name !== 'transpose' || permutation === undefined) return false;
  const rank = permutation.length;
  return permutation.every((axis, index) =>
    index < rank - 2 ? axis === index : axis === 2 * rank - 3 - index,
  );
}

const matMulRow: Row = {
  name: 'matMul',
  result: ([a, b], attributes, refuse) => {
    const { transposeA, transposeB } = flags(attributes);
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
  derivative: (g, node) => {
    const [a, b] = node.inputs as [Node, Node];
    const { transposeA, transposeB } = flags(node.attributes);
    const da = transposeA ? matMul(b, g, transposeB, true) : matMul(g, b, false, !transposeB);
    const db = transposeB ? matMul(g, a, true, transposeA) : matMul(a, g, !transposeA, false);
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
  simplify: (node) => {
    const [a, b] = node.inputs as [Node, Node];
    const { transposeA, transposeB } = flags(node.attributes);
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
    const { transposeA, transposeB } = flags(node.attributes);
    // Some kernels read out of bounds on empty matrices.
    if (sizeOf(a!.shape) === 0 || sizeOf(b!.shape) === 0) return tf.zeros([...node.shape]);
    return tf.matMul(a!, b!, transposeA, transposeB);
  },
  onnx: (writer, [a, b], node) => {
    const { transposeA, transposeB } = flags(node.attributes);
    const [left, right] = node.inputs as [Node, Node];
    if (left.shape.length === 2 && right.shape.length === 2) {
      return writer.op('Gemm', [a!, b!], {
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

// Convolutions. One trilinear form <convolve(x, w), g>, of which each row is the slope in one of the
// three: so each row's derivatives are the other two rows, and differentiation closes at any order.

function geometryOf(node: Node): ConvolutionGeometry {
  const { strides, dilations, padding, groups } = node.attributes as ConvolutionGeometry;
  return { strides, dilations, padding, groups };
}

type Pair = readonly [number, number];
const pair = (values: readonly number[]) => values as unknown as Pair;
/** Padding of one side, `[before, after]`: 0 is height, 1 is width. */
const paddingOf = (geometry: ConvolutionGeometry, side: 0 | 1): Pair => [
  geometry.padding[side]!,
  geometry.padding[side + 2]!,
];

/** The extent of a dilated filter along one side. */
const reach = (size: number, dilation: number) => (size - 1) * dilation + 1;

function outputSize(input: number, filter: number, geometry: ConvolutionGeometry, side: 0 | 1) {
  const [before, after] = paddingOf(geometry, side);
  const free = input + before + after - reach(filter, geometry.dilations[side]!);
  return Math.floor(free / geometry.strides[side]!) + 1;
}

const convolveRow: Row = {
  name: 'convolve',
  result: ([x, filter], attributes, refuse) => {
    const geometry = attributes as ConvolutionGeometry;
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    const [fh, fw, inner, outer] = filter!.shape as [number, number, number, number];
    if (channels !== inner * geometry.groups) {
      refuse(`the filter wants ${inner * geometry.groups} channels, the input has ${channels}`);
    }
    const shape = [
      batch,
      outputSize(height, fh, geometry, 0),
      outputSize(width, fw, geometry, 1),
      outer,
    ];
    if (shape.some((size) => size < 0)) {
      refuse(`the filter ${formatShape([fh, fw])} is larger than the padded input`);
    }
    return { shape, dtype: 'float32' };
  },
  derivative: (g, node) => {
    const [x, filter] = node.inputs as [Node, Node];
    const geometry = geometryOf(node);
    return [
      convolveInput(g, filter, geometry, x.shape),
      convolveFilter(x, g, geometry, filter.shape),
    ];
  },
  tfjs: (tf, [x, filter], node) => convolveTfjs(tf, x!, filter!, geometryOf(node)),
  onnx: (writer, [x, filter], node) => {
    const geometry = geometryOf(node);
    const result = writer.op('Conv', [toNchw(writer, x!), filterToOnnx(writer, filter!)], {
      strides: geometry.strides,
      dilations: geometry.dilations,
      pads: geometry.padding,
      group: geometry.groups,
    });
    return toNhwc(writer, result);
  },
};

const convolveInputRow: Row = {
  name: 'convolveInput',
  result: (_inputs, attributes) => ({
    shape: attributes['shape'] as Shape,
    dtype: 'float32',
  }),
  derivative: (g, node) => {
    const [dy, filter] = node.inputs as [Node, Node];
    const geometry = geometryOf(node);
    return [convolve(g, filter, geometry), convolveFilter(g, dy, geometry, filter.shape)];
  },
  tfjs: (tf, [dy, filter], node) => {
    const { strides, dilations, padding, groups } = geometryOf(node);
    const [fh, fw] = filter!.shape as [number, number];
    const dense = groups === 1 ? filter! : denseFilter(tf, filter!, groups);
    // A strided convolution skips positions; its transpose puts zeros there.
    const apart = insertZeros(tf, dy!, pair(strides));
    const turned = tf.transpose(tf.reverse(dense, [0, 1]), [0, 1, 3, 2]);
    const [, height, width] = node.shape as [number, number, number];
    const before = [
      reach(fh, dilations[0]!) - 1 - padding[0]!,
      reach(fw, dilations[1]!) - 1 - padding[1]!,
    ];
    const after = [
      height - (apart.shape[1]! + before[0]! - reach(fh, dilations[0]!) + 1),
      width - (apart.shape[2]! + before[1]! - reach(fw, dilations[1]!) + 1),
    ];
    const padded = padOrCrop(tf, apart, before, after);
    return convolveTfjs(tf, padded, turned, {
      strides: [1, 1],
      dilations,
      padding: [0, 0, 0, 0],
      groups: 1,
    });
  },
  onnx: (writer, [dy, filter], node) => {
    const geometry = geometryOf(node);
    const dyShape = node.inputs[0]!.shape;
    const filterShape = node.inputs[1]!.shape;
    const rest = ([0, 1] as const).map((side) => {
      const [before, after] = paddingOf(geometry, side);
      const covered =
        geometry.strides[side]! * (dyShape[side + 1]! - 1) +
        reach(filterShape[side]!, geometry.dilations[side]!);
      return node.shape[side + 1]! + before + after - covered;
    });
    const result = writer.op(
      'ConvTranspose',
      [toNchw(writer, dy!), filterToOnnx(writer, filter!)],
      {
        strides: geometry.strides,
        dilations: geometry.dilations,
        pads: geometry.padding,
        output_padding: rest,
        group: geometry.groups,
      },
    );
    return toNhwc(writer, result);
  },
};

const convolveFilterRow: Row = {
  name: 'convolveFilter',
  result: (_inputs, attributes) => ({
    shape: attributes['shape'] as Shape,
    dtype: 'float32',
  }),
  derivative: (g, node) => {
    const [x, dy] = node.inputs as [Node, Node];
    const geometry = geometryOf(node);
    return [convolveInput(dy, g, geometry, x.shape), convolve(x, g, geometry)];
  },
  // The slope in the filter is a convolution of the input by the output's gradient, batch and
  // channels having changed places, and strides and dilations too.
  tfjs: (tf, [x, dy], node) => {
    const { strides, dilations, padding, groups } = geometryOf(node);
    const [fh, fw] = node.shape as [number, number];
    const apart = insertZeros(tf, dy!, pair(strides));
    const [, height, width] = x!.shape as [number, number, number];
    // Exactly the rows and columns that some output has seen.
    const after = [
      reach(fh, dilations[0]!) + apart.shape[1]! - 1 - height - padding[0]!,
      reach(fw, dilations[1]!) + apart.shape[2]! - 1 - width - padding[1]!,
    ];
    const padded = padOrCrop(tf, x!, [padding[0]!, padding[1]!], after);
    const whole = convolveTfjs(
      tf,
      tf.transpose(padded, [3, 1, 2, 0]),
      tf.transpose(apart, [1, 2, 0, 3]),
      { strides: dilations, dilations: [1, 1], padding: [0, 0, 0, 0], groups: 1 },
    );
    const dense = tf.transpose(whole, [1, 2, 0, 3]);
    return groups === 1 ? dense : groupedFilter(tf, dense, groups);
  },
  onnx: (writer, [x, dy], node) => {
    const geometry = geometryOf(node);
    const { groups } = geometry;
    const [batch, height, width, channels] = node.inputs[0]!.shape as Shape4;
    const [, outHeight, outWidth, outer] = node.inputs[1]!.shape as Shape4;
    const inner = channels / groups;
    const [fh, fw] = node.shape as [number, number];
    const reshaped = (name: string, shape: Shape) =>
      writer.op('Reshape', [name, writer.int64(shape)]);
    const permuted = (name: string, perm: readonly number[]) =>
      writer.op('Transpose', [name], { perm });
    // [N, H, W, G, c] → [c, G·N, H, W], and [N, H', W', M] → [M, N, H', W'].
    const split = reshaped(x!, [batch, height, width, groups, inner]);
    const data = reshaped(permuted(split, [4, 3, 0, 1, 2]), [inner, groups * batch, height, width]);
    const kernel = reshaped(permuted(dy!, [3, 0, 1, 2]), [outer, batch, outHeight, outWidth]);
    const whole = writer.op('Conv', [data, kernel], {
      strides: geometry.dilations,
      dilations: geometry.strides,
      pads: geometry.padding,
      group: groups,
    });
    const cropped = writer.op('Slice', [
      whole,
      writer.int64([0, 0]),
      writer.int64([fh, fw]),
      writer.int64([2, 3]),
    ]);
    return permuted(cropped, [2, 3, 0, 1]);
  },
};

type Shape4 = readonly [number, number, number, number];

function toNchw(writer: OnnxWriter, x: string): string {
  return writer.op('Transpose', [x], { perm: [0, 3, 1, 2] });
}
function toNhwc(writer: OnnxWriter, x: string): string {
  return writer.op('Transpose', [x], { perm: [0, 2, 3, 1] });
}
/** `[h, w, in / groups, out]` → `[out, in / groups, h, w]`. */
function filterToOnnx(writer: OnnxWriter, filter: string): string {
  return writer.op('Transpose', [filter], { perm: [3, 2, 0, 1] });
}

function convolveTfjs(
  tf: TensorFlow,
  x: tfjs.Tensor,
  filter: tfjs.Tensor,
  { strides, dilations, padding, groups }: ConvolutionGeometry,
): tfjs.Tensor {
  const [top, left, bottom, right] = padding as unknown as Shape4;
  const pads: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  // tfjs does not combine strides with dilations: make the dilated filter's zeros real.
  const both = strides.some((n) => n > 1) && dilations.some((n) => n > 1);
  const spread = both ? spreadFilter(tf, filter, pair(dilations)) : filter;
  const rate: [number, number] = both ? [1, 1] : [dilations[0]!, dilations[1]!];
  const stride: [number, number] = [strides[0]!, strides[1]!];
  if (groups === 1) {
    return tf.conv2d(x as tfjs.Tensor4D, spread as tfjs.Tensor4D, stride, pads, 'NHWC', rate);
  }
  const [fh, fw, inner, outer] = spread.shape as [number, number, number, number];
  if (inner !== 1) {
    const dense = denseFilter(tf, spread, groups);
    return tf.conv2d(x as tfjs.Tensor4D, dense as tfjs.Tensor4D, stride, pads, 'NHWC', rate);
  }
  const depthwise = tf.reshape(spread, [fh, fw, groups, outer / groups]);
  return tf.depthwiseConv2d(
    x as tfjs.Tensor4D,
    depthwise as tfjs.Tensor4D,
    stride,
    pads,
    'NHWC',
    rate,
  );
}

/** `[h, w, ...]` with `dilation - 1` zeros between neighbours. */
function spreadFilter(tf: TensorFlow, filter: tfjs.Tensor, dilations: Pair): tfjs.Tensor {
  return tf
    .squeeze(
      insertZeros(
        tf,
        tf
          .expandDims(filter, 0)
          .reshape([1, filter.shape[0]!, filter.shape[1]!, filter.shape[2]! * filter.shape[3]!]),
        dilations,
      ),
      [0],
    )
    .reshape([
      reach(filter.shape[0]!, dilations[0]),
      reach(filter.shape[1]!, dilations[1]),
      filter.shape[2]!,
      filter.shape[3]!,
    ]);
}

/** `[N, H, W, C]` with `stride - 1` zeros between neighbours along H and W. */
function insertZeros(tf: TensorFlow, x: tfjs.Tensor, strides: Pair): tfjs.Tensor {
  const along = (value: tfjs.Tensor, axis: number, stride: number) => {
    if (stride === 1 || value.shape[axis] === 0) return value;
    const split = [...value.shape.slice(0, axis + 1), 1, ...value.shape.slice(axis + 1)];
    const gaps = tf.zeros(split.with(axis + 1, stride - 1));
    const size = value.shape[axis]! * stride;
    const joined = tf.concat([tf.reshape(value, split), gaps], axis + 1);
    const long = tf.reshape(joined, value.shape.with(axis, size));
    const last = value.shape.with(axis, size - stride + 1);
    return tf.slice(long, new Array<number>(value.shape.length).fill(0), last);
  };
  return along(along(x, 1, strides[0]), 2, strides[1]);
}

/** Zeros around H and W; negative counts crop. */
function padOrCrop(
  tf: TensorFlow,
  x: tfjs.Tensor,
  before: readonly number[],
  after: readonly number[],
): tfjs.Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const crop = (count: number) => Math.max(0, -count);
  const grow = (count: number) => Math.max(0, count);
  const cropped = tf.slice(
    x,
    [0, crop(before[0]!), crop(before[1]!), 0],
    [
      batch,
      height - crop(before[0]!) - crop(after[0]!),
      width - crop(before[1]!) - crop(after[1]!),
      channels,
    ],
  );
  return tf.pad(cropped, [
    [0, 0],
    [grow(before[0]!), grow(after[0]!)],
    [grow(before[1]!), grow(after[1]!)],
    [0, 0],
  ]);
}

/** 1 where input channel and output channel belong to one group: `[in, out]`. */
function groupMask(tf: TensorFlow, channels: number, outer: number, groups: number): tfjs.Tensor {
  const inner = tf.floor(tf.div(tf.range(0, channels), channels / groups));
  const outerGroup = tf.floor(tf.div(tf.range(0, outer), outer / groups));
  return tf.cast(tf.equal(tf.expandDims(inner, 1), tf.expandDims(outerGroup, 0)), 'float32');
}

/** A grouped filter as an ordinary one with zeros between groups. */
function denseFilter(tf: TensorFlow, filter: tfjs.Tensor, groups: number): tfjs.Tensor {
  const [, , inner, outer] = filter.shape as [number, number, number, number];
  const repeated = tf.tile(filter, [1, 1, groups, 1]);
  return tf.mul(repeated, groupMask(tf, inner * groups, outer, groups));
}

/** The transpose of {@link denseFilter}. */
function groupedFilter(tf: TensorFlow, dense: tfjs.Tensor, groups: number): tfjs.Tensor {
  const [fh, fw, channels, outer] = dense.shape as [number, number, number, number];
  const masked = tf.mul(dense, groupMask(tf, channels, outer, groups));
  return tf.sum(tf.reshape(masked, [fh, fw, groups, channels / groups, outer]), 2);
}

export const productRows: readonly Row[] = [
  matMulRow,
  convolveRow,
  convolveInputRow,
  convolveFilterRow,
];
