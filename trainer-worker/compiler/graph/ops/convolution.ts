import type * as tfjs from '@tensorflow/tfjs';
import type { Node } from '../graph';
import { formatShape, type Shape, sizeOf } from '../shape';
import { type ConvolutionGeometry, convolve, convolveFilter, convolveInput } from './build';
import { geometryOf, type Pair, paddingOf, reach, type Shape4 } from './convolution-geometry';
import { lowerConvolve, lowerConvolveFilter, lowerConvolveInput } from './convolution-lowering';
import type { Op, TensorFlow } from './op';

/** Images of a batch are convolved each by itself. */
const byImage: Op['shardings'] = (result) => (result === 0 ? [[0, 'replicated']] : []);

// Convolutions. One trilinear form <convolve(x, w), g>, of which each operation is the slope in one of the
// three: so each one's derivatives are the other two, and differentiation closes at any order.

/** Operations of the form: each number of the output meets each tap and input channel of the filter. */
const trilinear = (output: Shape, filter: Shape) => 2 * sizeOf(output) * sizeOf(filter.slice(0, 3));

const pair = (values: readonly number[]) => values as unknown as Pair;

function outputSize(input: number, filter: number, geometry: ConvolutionGeometry, side: 0 | 1) {
  const [before, after] = paddingOf(geometry, side);
  const free = input + before + after - reach(filter, geometry.dilations[side]!);
  return Math.floor(free / geometry.strides[side]!) + 1;
}

const convolveOp: Op = {
  name: 'convolve',
  result: ([x, filter], params, refuse) => {
    const geometry = params as ConvolutionGeometry;
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
  vjp: (g, node) => {
    const [x, filter] = node.inputs as [Node, Node];
    const geometry = geometryOf(node);
    return [
      convolveInput(g, filter, geometry, x.shape),
      convolveFilter(x, g, geometry, filter.shape),
    ];
  },
  flops: (node) => trilinear(node.shape, node.inputs[1]!.shape),
  shardings: byImage,
  tfjs: (tf, [x, filter], node) => convolveTfjs(tf, x!, filter!, geometryOf(node)),
  lower: lowerConvolve,
};

/** Several shapes have the same convolution, so its slopes must be told theirs. */
const shapeGiven: Op['result'] = (_inputs, params) => ({
  shape: params.shape!,
  dtype: 'float32',
});

const convolveInputOp: Op = {
  name: 'convolveInput',
  result: shapeGiven,
  vjp: (g, node) => {
    const [dy, filter] = node.inputs as [Node, Node];
    const geometry = geometryOf(node);
    return [convolve(g, filter, geometry), convolveFilter(g, dy, geometry, filter.shape)];
  },
  flops: ({ inputs }) => trilinear(inputs[0]!.shape, inputs[1]!.shape),
  shardings: byImage,
  reshaped: (shape) => ({ shape }),
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
  lower: lowerConvolveInput,
};

const convolveFilterOp: Op = {
  name: 'convolveFilter',
  result: shapeGiven,
  vjp: (g, node) => {
    const [x, dy] = node.inputs as [Node, Node];
    const geometry = geometryOf(node);
    return [convolveInput(dy, g, geometry, x.shape), convolve(x, g, geometry)];
  },
  flops: ({ shape, inputs }) => trilinear(inputs[1]!.shape, shape),
  shardings: (result) => (result === 'partial' ? [[0, 0]] : []),
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
  lower: lowerConvolveFilter,
};

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

export const convolutionOps: readonly Op[] = [convolveOp, convolveInputOp, convolveFilterOp];
