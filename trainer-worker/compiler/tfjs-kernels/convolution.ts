import type { Node } from '../graph/graph';
import {
  add,
  type ConvolutionGeometry,
  cast,
  constant,
  convolve,
  convolveInput,
  div,
  gather,
  indices,
  matMul,
  maximum,
  mul,
  pad,
  pow,
  reshape,
  slice,
  square,
  strided,
} from '../graph/ops/build';
import { combine } from '../graph/ops/compose';
import type { Kernel, KernelCall } from '../graph/ops/op';
import { formatShape, type Shape, sameShape } from '../graph/shape';
import { biasAndActivation } from './activation';
import { commonDType, numbers, pairOf, x } from './arguments';

// Convolution and pooling: tfjs says 'same', 'valid' or numbers; the operations want numbers.

interface Window {
  readonly filter: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
}

/** How many windows fit where the last would not end with the padding: tfjs's `dimRoundingMode`. */
const roundings: Readonly<Record<string, (count: number) => number>> = {
  floor: Math.floor,
  round: Math.round,
  ceil: Math.ceil,
};

/**
 * Padding as top, left, bottom, right. Where a number is given, tfjs takes the filter's height and the
 * stride along it for the width as well; here each side has its own.
 */
function paddingFor(shape: Shape, window: Window, call: KernelCall): number[] {
  const given = call.attrs['pad'] as unknown;
  const mode = call.attrs['dimRoundingMode'] as string | null | undefined;
  const rounded = roundings[mode ?? 'floor'];
  if (rounded === undefined) {
    return call.refuse(`there is no rounding '${mode}'`, "Give 'floor', 'round' or 'ceil'.");
  }
  const sides = ([0, 1] as const).map((side) => {
    const size = shape[side + 1]!;
    const stride = window.strides[side];
    const reach = (window.filter[side] - 1) * window.dilations[side] + 1;
    /** Cells that so many windows need beside the input. */
    const missing = (count: number) => Math.max(0, (count - 1) * stride + reach - size);
    if (given === 'same') {
      const total = missing(Math.ceil(size / stride));
      const before = Math.floor(total / 2);
      return [before, total - before] as const;
    }
    const [before, after] = paddingOf(given, side) ?? unknownPadding(given, call);
    const count = rounded((size + before + after - reach) / stride + 1);
    return [before, Math.max(after, missing(count) - before)] as const;
  });
  return [sides[0]![0], sides[1]![0], sides[0]![1], sides[1]![1]];
}

/** Cells before and after the input, as given: `'valid'`, one number, or pairs for all four axes. */
function paddingOf(given: unknown, side: 0 | 1): readonly [number, number] | undefined {
  if (given === 'valid') return [0, 0];
  const pair = Array.isArray(given) ? (given[side + 1] as unknown) : [given, given];
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const fits = pair.every((count) => Number.isInteger(count) && count >= 0);
  return fits ? (pair as unknown as [number, number]) : undefined;
}

function unknownPadding(given: unknown, call: KernelCall): never {
  return call.refuse(
    `the padding ${JSON.stringify(given)} is none`,
    "Give 'same', 'valid', a whole number, or pairs of them for each axis.",
  );
}

function geometry(
  inputShape: Shape,
  filterShape: Shape,
  call: KernelCall,
  groups: number,
): ConvolutionGeometry {
  const format = call.attrs['dataFormat'] ?? 'NHWC';
  if (format !== 'NHWC') {
    call.refuse(`the data format ${format} is not supported`, 'Use NHWC: channels last.');
  }
  const strides = pairOf(call.attrs['strides']);
  const dilations = pairOf(call.attrs['dilations']);
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
function windowCells(input: Node, window: Window, call: KernelCall, outside: number): Node[] {
  const { filter, strides, dilations } = window;
  const [top, left, bottom, right] = paddingFor(input.shape, window, call) as [
    number,
    number,
    number,
    number,
  ];
  const padded = pad(input, [0, top, left, 0], [0, bottom, right, 0], outside);
  const count = (side: 0 | 1) => {
    const reach = (filter[side] - 1) * dilations[side] + 1;
    return Math.floor((padded.shape[side + 1]! - reach) / strides[side]) + 1;
  };
  const cells: Node[] = [];
  for (let row = 0; row < filter[0]; row++) {
    const band = strided(padded, 1, row * dilations[0], strides[0], count(0));
    for (let column = 0; column < filter[1]; column++) {
      cells.push(strided(band, 2, column * dilations[1], strides[1], count(1)));
    }
  }
  return cells;
}

const poolingWindow = (call: KernelCall): Window => ({
  filter: pairOf(call.attrs['filterSize']),
  strides: pairOf(call.attrs['strides']),
  dilations: [1, 1],
});

/** Mean over windows, cells outside the input not counted: a convolution, divided by the counts. */
function averagePool(call: KernelCall): Node {
  const input = x(call);
  const channels = input.shape[3]!;
  const [h, w] = pairOf(call.attrs['filterSize']);
  const shape = geometry(input.shape, [h, w], call, channels);
  const ones = constant(input.graph, 1, [h, w, 1, channels]);
  const sums = convolve(input, ones, shape);
  const inside = constant(input.graph, 1, [1, input.shape[1]!, input.shape[2]!, 1]);
  const counts = convolve(inside, constant(input.graph, 1, [h, w, 1, 1]), { ...shape, groups: 1 });
  const cut = shape.padding.some((count) => count > 0);
  return cut ? div(sums, counts) : mul(sums, 1 / (h * w));
}

/** Morphological dilation: the largest sum of a window's cell and the filter's. */
function dilation(call: KernelCall): Node {
  const { x: input, filter } = call.inputs as { x: Node; filter: Node };
  const [h, w, channels] = filter.shape as [number, number, number];
  const window: Window = {
    filter: [h, w],
    strides: pairOf(call.attrs['strides']),
    dilations: pairOf(call.attrs['dilations']),
  };
  const sums = windowCells(input, window, call, Number.NEGATIVE_INFINITY).map((cell, index) => {
    const begin = [Math.floor(index / w), index % w, 0];
    return add(cell, reshape(slice(filter, begin, [1, 1, channels]), [channels]));
  });
  return combine(sums, maximum);
}

/** x / (bias + alpha · Σ x²)^beta, the sum over the channels within a radius. */
function localResponse(call: KernelCall): Node {
  const value = x(call);
  const { depthRadius, bias, alpha, beta } = call.attrs as Record<string, number>;
  if (depthRadius! < 0) call.refuse('its radius is negative', 'Give a radius of 0 or more.');
  const channels = value.shape.at(-1)!;
  const reach = [0, 0, 0, depthRadius!];
  const padded = pad(square(value), reach, reach);
  const nearby = Array.from({ length: 2 * depthRadius! + 1 }, (_, offset) =>
    strided(padded, 3, offset, 1, channels),
  );
  return mul(value, pow(add(mul(combine(nearby, add), alpha!), bias!), -beta!));
}

/**
 * Resizes one axis: where the samples lie follows tfjs's flags, between samples lines are drawn
 * (`linear`) or the nearest one is taken.
 */
function resizeAxis(value: Node, axis: number, size: number, linear: boolean, call: KernelCall) {
  const { alignCorners, halfPixelCenters } = call.attrs;
  const length = value.shape[axis]!;
  const ends = alignCorners && size > 1 ? 1 : 0;
  const ratio = (length - ends) / (size - ends);
  const at = Array.from({ length: size }, (_, index) =>
    halfPixelCenters ? ratio * (index + 0.5) - (linear ? 0.5 : 0) : ratio * index,
  );
  const inside = (place: number) => Math.min(length - 1, Math.max(0, place));
  const taken = (places: readonly number[]) => gather(value, indices(value.graph, places), axis);
  if (!linear) {
    return taken(at.map((place) => inside(alignCorners ? Math.round(place) : Math.floor(place))));
  }
  const low = at.map((place) => inside(Math.floor(place)));
  const high = at.map((place) => inside(Math.ceil(place)));
  const weightsShape = value.shape.map((_, index) => (index === axis ? size : 1));
  const weights = (share: (place: number, index: number) => number) =>
    constant(value.graph, Float32Array.from(at, share), weightsShape);
  return add(
    mul(
      taken(low),
      weights((place, index) => 1 - (place - low[index]!)),
    ),
    mul(
      taken(high),
      weights((place, index) => place - low[index]!),
    ),
  );
}

const resize =
  (linear: boolean): Kernel =>
  (call) => {
    const [height, width] = pairOf(call.attrs['size']);
    if (![height, width].every((size) => Number.isInteger(size) && size > 0)) {
      call.refuse(
        `there are no images of ${height} × ${width}`,
        'Give height and width as whole numbers above 0.',
      );
    }
    const images = call.inputs['images']!;
    const between = linear ? cast(images, 'float32') : images;
    const rows = resizeAxis(between, 1, height, linear, call);
    return resizeAxis(rows, 2, width, linear, call);
  };

/** Whole numbers are multiplied as floats, exactly below 2^24. */
function matrixProduct(call: KernelCall): Node {
  const { a, b } = call.inputs as { a: Node; b: Node };
  const { transposeA, transposeB } = call.attrs;
  const float = (node: Node) => cast(node, 'float32');
  const product = matMul(float(a), float(b), Boolean(transposeA), Boolean(transposeB));
  return cast(product, commonDType([a, b]));
}

/** Matrix products, convolutions, pooling, and what else slides over images. */
export const convolutionKernels: Readonly<Record<string, Kernel>> = {
  BatchMatMul: matrixProduct,
  _FusedMatMul: (call) => biasAndActivation(matrixProduct(call), call),
  Conv2D: conv2d,
  FusedConv2D: (call) => biasAndActivation(conv2d(call), call),
  // tf.conv2dTranspose.
  Conv2DBackpropInput: (call) => {
    const { dy, filter } = call.inputs as { dy: Node; filter: Node };
    const shape = numbers(call.attrs['inputShape']);
    const fitting = geometry(shape, filter.shape, call, 1);
    const forwards = convolve(constant(dy.graph, 0, shape), filter, fitting);
    if (!sameShape(forwards.shape, dy.shape)) {
      call.refuse(
        `a convolution of ${formatShape(shape)} gives ${formatShape(forwards.shape)}, not ${formatShape(dy.shape)}`,
        'Correct the shape of the result, the strides or the padding.',
      );
    }
    return convolveInput(dy, filter, fitting, shape);
  },
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2D: (call) => biasAndActivation(depthwise(call), call),
  AvgPool: averagePool,
  MaxPool: (call) =>
    combine(windowCells(x(call), poolingWindow(call), call, Number.NEGATIVE_INFINITY), maximum),
  Dilation2D: dilation,
  LRN: localResponse,
  ResizeBilinear: resize(true),
  ResizeNearestNeighbor: resize(false),
};
