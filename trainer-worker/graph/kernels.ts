import * as tf from '@tensorflow/tfjs';
import type { Node } from './graph';
import {
  abs,
  add,
  type ConvolutionGeometry,
  cast,
  concat,
  constant,
  convolve,
  convolveFilter,
  convolveInput,
  div,
  equal,
  exp,
  expm1,
  floor,
  gather,
  greater,
  greaterEqual,
  indices,
  keepAxes,
  log,
  logicalNot,
  matMul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  pad,
  prod,
  relu,
  reshape,
  reverse,
  rsqrt,
  select,
  sigmoid,
  slice,
  softmax,
  square,
  stopGradient,
  strided,
  sub,
  sum,
  tile,
} from './ops/build';
import { reduceKernel } from './ops/reduction';
import type { KernelCall } from './ops/row';
import { rows } from './ops/table';
import { normalizeAxes, type Shape } from './shape';

/** Makes the node, or nodes, that a tfjs kernel computes. */
export type Kernel = (call: KernelCall) => Node | Node[];

const numbers = (value: unknown) => value as readonly number[];
const x = (call: KernelCall) => call.inputs['x']!;

const compare =
  (rule: (a: Node, b: Node) => Node): Kernel =>
  ({ inputs }) =>
    rule(inputs['a']!, inputs['b']!);

// Activations that are expressions. Branches not taken are kept finite, or their slopes would be
// 0 · ∞ = NaN.

const elu = (value: Node) => select(greater(value, 0), value, expm1(minimum(value, 0)));
const seluScale = 1.0507009873554805;
const seluAlpha = 1.6732632423543772;
const selu = (value: Node) =>
  mul(select(greater(value, 0), value, mul(expm1(minimum(value, 0)), seluAlpha)), seluScale);
const relu6 = (value: Node) => minimum(relu(value), 6);
const leakyRelu = (value: Node, alpha: number) =>
  select(greater(value, 0), value, mul(value, alpha));
const prelu = (value: Node, alpha: Node) => select(greater(value, 0), value, mul(value, alpha));

/** The activation of a fused kernel, by tfjs's name. */
function activate(value: Node, call: KernelCall): Node {
  const name = (call.attributes['activation'] as string | undefined) ?? 'linear';
  switch (name) {
    case 'linear':
      return value;
    case 'relu':
      return relu(value);
    case 'relu6':
      return relu6(value);
    case 'elu':
      return elu(value);
    case 'sigmoid':
      return sigmoid(value);
    case 'leakyrelu':
      return leakyRelu(value, (call.attributes['leakyreluAlpha'] as number | undefined) ?? 0.2);
    case 'prelu':
      return prelu(value, call.inputs['preluActivationWeights']!);
    default:
      return call.refuse(`the fused activation ${name} is not supported`);
  }
}

function biasAndActivation(value: Node, call: KernelCall): Node {
  const bias = call.inputs['bias'];
  return activate(bias === undefined ? value : add(value, bias), call);
}

// Convolution and pooling: tfjs says 'same', 'valid' or numbers; the rows want numbers.

interface Window {
  readonly filter: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
}

/** Padding as top, left, bottom, right. */
function paddingFor(shape: Shape, window: Window, call: KernelCall): number[] {
  const given = call.attributes['pad'] as
    | 'same'
    | 'valid'
    | number
    | readonly (readonly number[])[];
  if (given === 'valid') return [0, 0, 0, 0];
  if (typeof given === 'number') return [given, given, given, given];
  if (given === 'same') {
    const sides = ([0, 1] as const).map((side) => {
      const size = shape[side + 1]!;
      const reach = (window.filter[side] - 1) * window.dilations[side] + 1;
      const missing =
        (Math.ceil(size / window.strides[side]) - 1) * window.strides[side] + reach - size;
      const total = Math.max(0, missing);
      const before = Math.floor(total / 2);
      return [before, total - before] as const;
    });
    return [sides[0]![0], sides[1]![0], sides[0]![1], sides[1]![1]];
  }
  const [, rows_, columns] = given;
  return [rows_![0]!, columns![0]!, rows_![1]!, columns![1]!];
}

const pairOf = (value: unknown): readonly [number, number] => {
  if (typeof value === 'number') return [value, value];
  const [first, second] = (value as readonly number[] | undefined) ?? [1, 1];
  return [first!, second ?? first!];
};

function geometry(
  inputShape: Shape,
  filterShape: Shape,
  call: KernelCall,
  groups: number,
): ConvolutionGeometry {
  const format = call.attributes['dataFormat'] ?? 'NHWC';
  if (format !== 'NHWC') call.refuse(`the data format ${format} is not supported; use NHWC`);
  const strides = pairOf(call.attributes['strides']);
  const dilations = pairOf(call.attributes['dilations']);
  const filter = [filterShape[0]!, filterShape[1]!] as const;
  return {
    strides,
    dilations,
    groups,
    padding: paddingFor(inputShape, { filter, strides, dilations }, call),
  };
}

const conv2d = (call: KernelCall) => {
  const { x: input, filter } = call.inputs as { x: Node; filter: Node };
  return convolve(input, filter, geometry(input.shape, filter.shape, call, 1));
};

/** tfjs's depthwise filter `[h, w, channels, m]` as a grouped one, `[h, w, 1, channels · m]`. */
function groupedFilter(filter: Node): Node {
  const [h, w, channels, multiplier] = filter.shape as [number, number, number, number];
  return reshape(filter, [h, w, 1, channels * multiplier]);
}

const depthwise = (call: KernelCall) => {
  const { x: input, filter } = call.inputs as { x: Node; filter: Node };
  const channels = filter.shape[2]!;
  return convolve(
    input,
    groupedFilter(filter),
    geometry(input.shape, filter.shape, call, channels),
  );
};

/** Each window's cells as the parts of a list, windows cut by the border filled with `outside`. */
function windowCells(call: KernelCall, outside: number): Node[] {
  const input = x(call);
  const filter = pairOf(call.attributes['filterSize']);
  const strides = pairOf(call.attributes['strides']);
  const window: Window = { filter, strides, dilations: [1, 1] };
  const [top, left, bottom, right] = paddingFor(input.shape, window, call) as [
    number,
    number,
    number,
    number,
  ];
  const padded = pad(input, [0, top, left, 0], [0, bottom, right, 0], outside);
  const rows_ = Math.floor((padded.shape[1]! - filter[0]) / strides[0]) + 1;
  const columns = Math.floor((padded.shape[2]! - filter[1]) / strides[1]) + 1;
  const cells: Node[] = [];
  for (let row = 0; row < filter[0]; row++) {
    const band = strided(padded, 1, row, strides[0], rows_);
    for (let column = 0; column < filter[1]; column++) {
      cells.push(strided(band, 2, column, strides[1], columns));
    }
  }
  return cells;
}

/** Combines a list pairwise, as a tree: its depth is the logarithm of its length. */
function combine(parts: readonly Node[], join: (a: Node, b: Node) => Node): Node {
  if (parts.length === 1) return parts[0]!;
  const half = Math.ceil(parts.length / 2);
  return join(combine(parts.slice(0, half), join), combine(parts.slice(half), join));
}

/** Mean over windows, cells outside the input not counted: a convolution, divided by the counts. */
function averagePool(call: KernelCall): Node {
  const input = x(call);
  const channels = input.shape[3]!;
  const [h, w] = pairOf(call.attributes['filterSize']);
  const shape = geometry(input.shape, [h, w], call, channels);
  const ones = constant(input.graph, 1, [h, w, 1, channels]);
  const sums = convolve(input, ones, shape);
  const inside = constant(input.graph, 1, [1, input.shape[1]!, input.shape[2]!, 1]);
  const counts = convolve(inside, constant(input.graph, 1, [h, w, 1, 1]), { ...shape, groups: 1 });
  const cut = shape.padding.some((count) => count > 0);
  return cut ? div(sums, counts) : mul(sums, 1 / (h * w));
}

function split(value: Node, axis: number, sizes: readonly number[]): Node[] {
  let start = 0;
  return sizes.map((size) => {
    const begin = value.shape.map((_, index) => (index === axis ? start : 0));
    start += size;
    return slice(
      value,
      begin,
      value.shape.map((length, index) => (index === axis ? size : length)),
    );
  });
}

const axisOf = (call: KernelCall, value: Node, fallback = 0) =>
  normalizeAxes(
    [(call.attributes['axis'] as number | undefined) ?? fallback],
    value.shape.length,
  )[0]!;

/** Kernels that are expressions of rows. With the rows' own, everything that can be traced. */
const composites: Readonly<Record<string, Kernel>> = {
  // Arithmetic.
  AddN: ({ inputs }) => combine(Object.values(inputs), add),
  Square: (call) => square(x(call)),
  SquaredDifference: compare((a, b) => square(sub(a, b))),
  FloorDiv: compare((a, b) =>
    a.dtype === 'int32'
      ? cast(floor(div(cast(a, 'float32'), cast(b, 'float32'))), 'int32')
      : floor(div(a, b)),
  ),
  Mod: compare((a, b) => sub(a, mul(b, floor(div(a, b))))),
  ClipByValue: (call) =>
    minimum(
      maximum(x(call), call.attributes['clipValueMin'] as number),
      call.attributes['clipValueMax'] as number,
    ),
  Step: (call) => {
    const value = x(call);
    const below = (call.attributes['alpha'] as number | undefined) ?? 0;
    return select(greater(value, 0), constant(value.graph, 1, value.shape), below);
  },
  // Comparisons.
  Less: compare((a, b) => greater(b, a)),
  LessEqual: compare((a, b) => greaterEqual(b, a)),
  NotEqual: compare((a, b) => logicalNot(equal(a, b))),
  IsNan: (call) => logicalNot(equal(x(call), x(call))),
  IsFinite: (call) => greater(Number.POSITIVE_INFINITY, abs(x(call))),
  IsInf: (call) => equal(abs(x(call)), Number.POSITIVE_INFINITY),
  // Activations.
  Elu: (call) => elu(x(call)),
  Selu: (call) => selu(x(call)),
  Relu6: (call) => relu6(x(call)),
  LeakyRelu: (call) => leakyRelu(x(call), call.attributes['alpha'] as number),
  Prelu: ({ inputs }) => prelu(inputs['x']!, inputs['alpha']!),
  Softmax: ({ inputs }) => softmax(inputs['logits']!),
  LogSoftmax: ({ inputs }) => {
    const logits = inputs['logits']!;
    const axes = [logits.shape.length - 1];
    const shift = stopGradient(keepAxes(max(logits, axes), logits.shape, axes));
    const shifted = sub(logits, shift);
    return sub(shifted, keepAxes(log(sum(exp(shifted), axes)), logits.shape, axes));
  },
  FusedBatchNorm: ({ inputs, attributes }) => {
    const { x: value, mean: center, variance } = inputs as { x: Node; mean: Node; variance: Node };
    const epsilon = (attributes['varianceEpsilon'] as number | undefined) ?? 0.001;
    const scaled = mul(sub(value, center), rsqrt(add(variance, epsilon)));
    const stretched = inputs['scale'] ? mul(scaled, inputs['scale']) : scaled;
    return inputs['offset'] ? add(stretched, inputs['offset']) : stretched;
  },
  // Reductions.
  Mean: reduceKernel((value, axes) => mean(cast(value, 'float32'), axes)),
  Min: reduceKernel(min),
  Prod: reduceKernel(prod),
  All: reduceKernel((value, axes) => cast(min(cast(value, 'int32'), axes), 'bool')),
  Any: reduceKernel((value, axes) => cast(max(cast(value, 'int32'), axes), 'bool')),
  // Products.
  _FusedMatMul: (call) => {
    const { a, b } = call.inputs as { a: Node; b: Node };
    const { transposeA, transposeB } = call.attributes;
    return biasAndActivation(matMul(a, b, Boolean(transposeA), Boolean(transposeB)), call);
  },
  Conv2D: conv2d,
  FusedConv2D: (call) => biasAndActivation(conv2d(call), call),
  Conv2DBackpropInput: (call) => {
    const { dy, filter } = call.inputs as { dy: Node; filter: Node };
    const shape = numbers(call.attributes['inputShape']);
    return convolveInput(dy, filter, geometry(shape, filter.shape, call, 1), shape);
  },
  Conv2DBackpropFilter: (call) => {
    const { x: input, dy } = call.inputs as { x: Node; dy: Node };
    const shape = numbers(call.attributes['filterShape']);
    return convolveFilter(input, dy, geometry(input.shape, shape, call, 1), shape);
  },
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: (call) => biasAndActivation(depthwise(call), call),
  DepthwiseConv2dNativeBackpropInput: (call) => {
    const { dy, filter } = call.inputs as { dy: Node; filter: Node };
    const shape = numbers(call.attributes['inputShape']);
    const place = geometry(shape, filter.shape, call, filter.shape[2]!);
    return convolveInput(dy, groupedFilter(filter), place, shape);
  },
  DepthwiseConv2dNativeBackpropFilter: (call) => {
    const { x: input, dy } = call.inputs as { x: Node; dy: Node };
    const shape = numbers(call.attributes['filterShape']);
    const [h, w, channels, multiplier] = shape as [number, number, number, number];
    const place = geometry(input.shape, shape, call, channels);
    return reshape(convolveFilter(input, dy, place, [h, w, 1, channels * multiplier]), shape);
  },
  AvgPool: averagePool,
  MaxPool: (call) => combine(windowCells(call, Number.NEGATIVE_INFINITY), maximum),
  // Structure.
  Identity: (call) => x(call),
  ExpandDims: ({ inputs, attributes }) => {
    const value = inputs['input']!;
    const dim = attributes['dim'] as number;
    const axis = dim < 0 ? dim + value.shape.length + 1 : dim;
    return reshape(value, value.shape.toSpliced(axis, 0, 1));
  },
  Pack: (call) => {
    const parts = Object.values(call.inputs);
    const rank = parts[0]!.shape.length + 1;
    const given = (call.attributes['axis'] as number | undefined) ?? 0;
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
    const value = x(call);
    const axis = axisOf(call, value);
    const given = call.attributes['numOrSizeSplits'] as number | readonly number[];
    const length = value.shape[axis]!;
    if (typeof given === 'number') {
      return split(value, axis, new Array<number>(given).fill(length / given));
    }
    const known = given.reduce((total, size) => total + Math.max(0, size), 0);
    return split(
      value,
      axis,
      given.map((size) => (size === -1 ? length - known : size)),
    );
  },
  Tile: (call) => tile(x(call), numbers(call.attributes['reps'])),
  Reverse: (call) =>
    reverse(x(call), [call.attributes['dims'] as number | readonly number[]].flat()),
  StridedSlice: (call) => {
    const value = x(call);
    const a = call.attributes as Record<string, number> & {
      begin: number[];
      end: number[];
      strides: number[];
    };
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
    const taken = info.begin.reduce(
      (result, begin, axis) =>
        strided(
          result,
          axis,
          begin,
          info.strides[axis]!,
          Math.max(0, Math.ceil((info.end[axis]! - begin) / info.strides[axis]!)),
        ),
      value,
    );
    return reshape(taken, info.finalShape);
  },
  // Constants.
  ZerosLike: (call) => constant(x(call).graph, 0, x(call).shape, x(call).dtype),
  OnesLike: (call) => constant(x(call).graph, 1, x(call).shape, x(call).dtype),
  OneHot: ({ inputs, attributes }) => {
    const positions = inputs['indices']!;
    const depth = attributes['depth'] as number;
    const classes = indices(
      positions.graph,
      Array.from({ length: depth }, (_, index) => index),
    );
    const hit = equal(reshape(cast(positions, 'int32'), [...positions.shape, 1]), classes);
    const on = constant(positions.graph, (attributes['onValue'] as number | undefined) ?? 1);
    const chosen = select(hit, on, (attributes['offValue'] as number | undefined) ?? 0);
    return cast(chosen, (attributes['dtype'] as 'float32' | 'int32' | undefined) ?? 'float32');
  },
  Cumprod: (call) => {
    // Products of prefixes: exact at zeros, and short axes are what it is used on.
    const value = x(call);
    const axis = axisOf(call, value);
    if (call.attributes['exclusive'] || call.attributes['reverse']) {
      return call.refuse('only plain cumulative products are supported');
    }
    const parts = split(value, axis, new Array<number>(value.shape[axis]!).fill(1));
    const products: Node[] = [];
    for (const part of parts) {
      const previous = products.at(-1);
      products.push(previous === undefined ? part : mul(previous, part));
    }
    return products.length === 0 ? value : concat(products, axis);
  },
  MirrorPad: (call) => {
    const value = x(call);
    const paddings = call.attributes['paddings'] as readonly (readonly [number, number])[];
    const skip = call.attributes['mode'] === 'reflect' ? 1 : 0;
    return paddings.reduce((result, [before, after], axis) => {
      const size = result.shape[axis]!;
      const front = Array.from({ length: before }, (_, index) => before - index - 1 + skip);
      const back = Array.from({ length: after }, (_, index) => size - 1 - skip - index);
      const middle = Array.from({ length: size }, (_, index) => index);
      return before + after === 0
        ? result
        : gather(result, indices(result.graph, [...front, ...middle, ...back]), axis);
    }, value);
  },
};

/** What a kernel without inputs makes; it needs the graph it is to be made in. */
export const sources: Readonly<
  Record<
    string,
    (attributes: Readonly<Record<string, unknown>>) => { values: number[] | number; shape: Shape }
  >
> = {
  Fill: (attributes) => ({
    values: attributes['value'] as number,
    shape: numbers(attributes['shape']),
  }),
  Range: (attributes) => {
    const { start, stop, step } = attributes as { start: number; stop: number; step: number };
    const count = Math.max(0, Math.ceil((stop - start) / step));
    return {
      values: Array.from({ length: count }, (_, index) => start + index * step),
      shape: [count],
    };
  },
  LinSpace: (attributes) => {
    const { start, stop, num } = attributes as { start: number; stop: number; num: number };
    const gap = num === 1 ? 0 : (stop - start) / (num - 1);
    return { values: Array.from({ length: num }, (_, index) => start + index * gap), shape: [num] };
  },
};

/** Every kernel that can be traced, by tfjs's name. */
export const kernels: ReadonlyMap<string, Kernel> = new Map([
  ...rows.flatMap((row) => Object.entries(row.kernels ?? {})),
  ...Object.entries(composites),
]);

/**
 * Kernels that compute several steps in one. tfjs wraps them in hand-written gradients that refuse
 * most activations; the expression they stand for is differentiated instead.
 */
export const fusedKernels: ReadonlySet<string> = new Set([
  '_FusedMatMul',
  'FusedConv2D',
  'FusedDepthwiseConv2D',
]);
