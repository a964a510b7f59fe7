import * as tf from '@tensorflow/tfjs';
import type { Node } from '../graph/graph';
import { axesIn } from '../graph/ops/axes';
import {
  concat,
  constant,
  gather,
  indices,
  mul,
  pad,
  reshape,
  reverse,
  slice,
  strided,
  tile,
  transpose,
} from '../graph/ops/build';
import { split } from '../graph/ops/compose';
import type { Kernel, KernelCall } from '../graph/ops/op';
import { axisOf, numbers, x } from './arguments';

type Paddings = readonly (readonly [number, number])[];

function mirrorPad(call: KernelCall): Node {
  const paddings = call.attrs['paddings'] as Paddings;
  const skip = call.attrs['mode'] === 'reflect' ? 1 : 0;
  return paddings.reduce((result, [before, after], axis) => {
    if (before + after === 0) return result;
    const size = result.shape[axis]!;
    const front = Array.from({ length: before }, (_, index) => before - index - 1 + skip);
    const back = Array.from({ length: after }, (_, index) => size - 1 - skip - index);
    const middle = Array.from({ length: size }, (_, index) => index);
    return gather(result, indices(result.graph, [...front, ...middle, ...back]), axis);
  }, x(call));
}

function stridedSlice(call: KernelCall): Node {
  const value = x(call);
  if (value.shape.length === 0) {
    call.refuse('a single number has no axes', 'Give a tensor with at least one axis.');
  }
  const a = call.attrs as Record<string, number> & Record<'begin' | 'end' | 'strides', number[]>;
  const info = tf.slice_util.sliceInfo(
    [...value.shape],
    a.begin,
    a.end,
    a.strides,
    a['beginMask']!,
    a['endMask']!,
    a['ellipsisMask']!,
    a['newAxisMask']!,
    a['shrinkAxisMask']!,
  );
  const taken = info.begin.reduce((result, begin, axis) => {
    const stride = info.strides[axis]!;
    const count = Math.max(0, Math.ceil((info.end[axis]! - begin) / stride));
    return strided(result, axis, begin, stride, count);
  }, value);
  return reshape(taken, info.finalShape);
}

/** Products of prefixes, not quotients of products: right at zeros too. */
function cumulativeProduct(call: KernelCall): Node {
  const value = x(call);
  const axis = axisOf(call, value);
  const { exclusive, reverse: backwards } = call.attrs;
  const parts = split(value, axis, new Array<number>(value.shape[axis]!).fill(1));
  if (parts.length === 0) return value;
  if (backwards) parts.reverse();
  const products: Node[] = [];
  if (exclusive) products.push(constant(value.graph, 1, parts[0]!.shape, value.dtype));
  for (const part of exclusive ? parts.slice(0, -1) : parts) {
    const previous = products.at(-1);
    products.push(previous === undefined ? part : mul(previous, part));
  }
  if (backwards) products.reverse();
  return concat(products, axis);
}

// Blocks of space in the batch or the channels: reshapes and transposes, by tfjs's own formulas.

function spaceToBatch(call: KernelCall): Node {
  const value = x(call);
  const block = [...numbers(call.attrs['blockShape'])];
  const paddings = call.attrs['paddings'] as Paddings;
  const rest = value.shape.slice(1 + block.length).map(() => 0);
  const padded = pad(
    value,
    [0, ...paddings.map(([before]) => before), ...rest],
    [0, ...paddings.map(([, after]) => after), ...rest],
  );
  const { getReshaped, getPermuted, getReshapedPermuted } = tf.backend_util;
  const size = block.reduce((product, length) => product * length, 1);
  const shape = [...padded.shape];
  const apart = reshape(padded, getReshaped(shape, block, size, false));
  const moved = transpose(apart, getPermuted(apart.shape.length, block.length, false));
  return reshape(moved, getReshapedPermuted(shape, block, size, false));
}

function batchToSpace(call: KernelCall): Node {
  const value = x(call);
  const block = [...numbers(call.attrs['blockShape'])];
  const crops = call.attrs['crops'] as number[][];
  const util = tf.backend_util;
  const size = block.reduce((product, length) => product * length, 1);
  const shape = [...value.shape];
  const apart = reshape(value, util.getReshaped(shape, block, size));
  const moved = transpose(apart, util.getPermuted(apart.shape.length, block.length));
  const whole = util.getReshapedPermuted(shape, block, size);
  const begin = util.getSliceBeginCoords(crops, block.length);
  const kept = util.getSliceSize(whole, crops, block.length);
  // The axes behind the blocks stay whole.
  const rest = whole.slice(begin.length);
  return slice(reshape(moved, whole), [...begin, ...rest.map(() => 0)], [...kept, ...rest]);
}

function depthToSpace(call: KernelCall): Node {
  const value = x(call);
  const block = call.attrs['blockSize'] as number;
  if (call.attrs['dataFormat'] !== 'NHWC') {
    call.refuse('only NHWC is supported', 'Use NHWC: channels last.');
  }
  const [batch, height, width, channels] = value.shape as [number, number, number, number];
  const depth = channels / block ** 2;
  const apart = reshape(value, [batch, height, width, block, block, depth]);
  const moved = transpose(apart, [0, 1, 3, 2, 4, 5]);
  return reshape(moved, [batch, height * block, width * block, depth]);
}

/** What rearranges elements. */
export const arrangementKernels: Readonly<Record<string, Kernel>> = {
  Identity: x,
  ExpandDims: ({ inputs, attrs }) => {
    const value = inputs['input']!;
    // The new axis may be any of the result's.
    const [axis] = axesIn([...value.shape, 1], attrs['dim'] as number) as [number];
    return reshape(value, value.shape.toSpliced(axis, 0, 1));
  },
  Pack: (call) => {
    const parts = Object.values(call.inputs);
    const rank = parts[0]!.shape.length + 1;
    const given = (call.attrs['axis'] as number | undefined) ?? 0;
    const axis = given < 0 ? given + rank : given;
    return concat(
      parts.map((part) => reshape(part, part.shape.toSpliced(axis, 0, 1))),
      axis,
    );
  },
  Unpack: (call) => {
    const value = call.inputs['value']!;
    const axis = axisOf(call, value);
    const sizes = new Array<number>(value.shape[axis]!).fill(1);
    return split(value, axis, sizes).map((part) => reshape(part, value.shape.toSpliced(axis, 1)));
  },
  SplitV: (call) => {
    const axis = axisOf(call, x(call));
    const given = call.attrs['numOrSizeSplits'] as number | readonly number[];
    const reader = { shape: [...x(call).shape] } as tf.Tensor;
    // tfjs writes into the list that it is given.
    const wanted = typeof given === 'number' ? given : [...given];
    return split(x(call), axis, tf.backend_util.prepareSplitSize(reader, wanted, axis));
  },
  Tile: (call) => {
    const reps = numbers(call.attrs['reps']);
    if (!reps.every((count) => Number.isInteger(count) && count >= 0)) {
      call.refuse(
        `the repetitions ${JSON.stringify(reps)} are not whole numbers, 0 or more`,
        'Say how often to repeat along each axis.',
      );
    }
    return tile(x(call), reps);
  },
  Reverse: (call) => {
    // All axes where none is given.
    return reverse(x(call), axesIn(x(call).shape, call.attrs['dims'] as number | number[]));
  },
  FlipLeftRight: (call) => reverse(call.inputs['image']!, [2]),
  StridedSlice: stridedSlice,
  Cumprod: cumulativeProduct,
  MirrorPad: mirrorPad,
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  DepthToSpace: depthToSpace,
};
