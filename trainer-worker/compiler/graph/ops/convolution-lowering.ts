/**
 * Convolutions as ONNX Runtime computes them fastest on a processor.
 *
 * Filters are parameters, hence inputs of the model and not constants, and for those its own `Conv`
 * has no blocked kernels. Where the patches fit the caches, a convolution is therefore a product
 * of the filter with gathered patches, laid out `[positions, channels, batch]`: what is gathered
 * are whole blocks of `channels · batch` numbers, the products are large, and neither filters nor
 * results have to be rearranged. Elsewhere it is `Conv`, laid out as that wants it. Layouts of
 * successive layers cancel in simplification.
 */
import type { Node } from '../graph';
import type { Shape } from '../shape';
import {
  type ConvolutionGeometry,
  concat,
  constant,
  gather,
  indices,
  matMul,
  reshape,
  slice,
  sum,
  transpose,
} from './build';
import { geometryOf, type Pair, paddingOf, reach, type Shape4 } from './convolution-geometry';
import type { OnnxDevice, Op } from './op';

/** Numbers in the patches of one convolution, beyond which `Conv` is faster: 4 MiB of float32. */
const largestPatches = 2 ** 20;
/** Fewer columns than this leave the processor's vectors partly empty. */
const smallestBatch = 16;

/**
 * @param shape NHWC, of what is gathered from
 * @param filter its `[height, width]`
 * @param positions how many patches an example has
 */
function patchesFit(shape: Shape, filter: Shape, positions: number): boolean {
  const [batch, , , channels] = shape as Shape4;
  const patches = positions * filter[0]! * filter[1]! * channels * batch;
  return batch >= smallestBatch && patches <= largestPatches;
}

export function lowerConvolve(node: Node, device: OnnxDevice): Node {
  const [x, filter] = node.inputs as [Node, Node];
  const [, height, width] = node.shape as Shape4;
  const geometry = geometryOf(node);
  const fits = patchesFit(x.shape, filter.shape, height * width);
  if (geometry.groups > 1 || !fits) return convolveNchw(node, device);
  const [fh, fw, inner, outer] = filter.shape as Shape4;
  const kernel = reshape(filter, [fh * fw * inner, outer]);
  return fromPositions(
    matMul(kernel, patchesOf(x, node.shape, filter.shape, geometry), true),
    node.shape,
  );
}

export function lowerConvolveFilter(node: Node, device: OnnxDevice): Node {
  const [x, dy] = node.inputs as [Node, Node];
  const [, height, width] = dy.shape as Shape4;
  const geometry = geometryOf(node);
  const fits = patchesFit(x.shape, node.shape, height * width);
  if (geometry.groups > 1 || !fits) return convolveFilterNchw(node, device);
  const patches = patchesOf(x, dy.shape, node.shape, geometry);
  return reshape(sum(matMul(patches, toPositions(dy), false, true), [0]), node.shape);
}

export function lowerConvolveInput(node: Node, device: OnnxDevice): Node {
  const [dy, filter] = node.inputs as [Node, Node];
  const [, height, width, channels] = node.shape as Shape4;
  const [, outHeight, outWidth, outer] = dy.shape as Shape4;
  const [fh, fw] = filter.shape as Shape4;
  const most = (side: 0 | 1) => Math.max(...tapClasses(node, side).map(({ taps }) => taps.length));
  const reaching = most(0) * most(1);
  // Each tap meets each output once, in one of the classes; the largest holds this part of them.
  const share = reaching / (fh * fw);
  const fits = patchesFit(dy.shape, filter.shape, outHeight * outWidth * share);
  if (geometryOf(node).groups > 1 || !fits) return convolveInputNchw(node, device);
  // Numbers to move: patches of dy, or products written and gathered.
  const gathered = outHeight * outWidth * fh * fw * outer;
  const scattered = (outHeight * outWidth * fh * fw + height * width * reaching) * channels;
  return gathered <= scattered ? gatherThenMultiply(node) : multiplyThenGather(node);
}

/**
 * Input positions fall into classes that the same taps of the filter reach: with stride 2, even and
 * odd ones along each side. Each class is a product of its own, without any multiplication by zero.
 */
function gatherThenMultiply(node: Node): Node {
  const [dy, filter] = node.inputs as [Node, Node];
  const [batch, height, width, channels] = node.shape as Shape4;
  const [, outHeight, outWidth, outer] = dy.shape as Shape4;
  const source = toPositions(dy);
  const products: Node[] = [];
  /** Where each input position is among the rows of all products together. */
  const places = new Array<number>(height * width);
  let place = 0;
  for (const rows of tapClasses(node, 0)) {
    for (const columns of tapClasses(node, 1)) {
      const reached: number[] = [];
      for (const row of rows.positions) {
        for (const column of columns.positions) {
          places[row * width + column] = place++;
          for (const r of rows.outputs(row)) {
            for (const c of columns.outputs(column)) {
              const inside = r >= 0 && c >= 0 && r < outHeight && c < outWidth;
              reached.push(inside ? r * outWidth + c : outside);
            }
          }
        }
      }
      const count = rows.positions.length * columns.positions.length;
      const taps = rows.taps.length * columns.taps.length;
      if (taps === 0) {
        products.push(constant(node.graph, 0, [count, channels, batch]));
        continue;
      }
      const pick = (from: Node, axis: number, chosen: readonly number[]) =>
        gather(from, indices(node.graph, chosen), axis);
      const part = pick(pick(filter, 0, rows.taps), 1, columns.taps);
      const kernel = reshape(transpose(part, [0, 1, 3, 2]), [taps * outer, channels]);
      const seen = reshape(gatherOrZero(source, reached), [count, taps * outer, batch]);
      products.push(matMul(kernel, seen, true));
    }
  }
  const all = concat(products, 0);
  const inOrder = places.every((value, index) => value === index);
  return fromPositions(inOrder ? all : gather(all, indices(node.graph, places), 0), node.shape);
}

interface TapClass {
  /** Input positions along one side. */
  readonly positions: readonly number[];
  /** The filter's taps that reach them. */
  readonly taps: readonly number[];
  /** For one of the positions, the output that each tap brings it to; may lie outside. */
  outputs(position: number): number[];
}

/** @param node a `convolveInput` */
function tapClasses(node: Node, side: 0 | 1): TapClass[] {
  const { strides, dilations, padding } = geometryOf(node);
  const [stride, dilation, before] = [strides[side]!, dilations[side]!, padding[side]!];
  const everyPosition = Array.from({ length: node.shape[side + 1]! }, (_, position) => position);
  const everyTap = Array.from({ length: node.inputs[1]!.shape[side]! }, (_, tap) => tap);
  return Array.from({ length: stride }, (_, rest) => {
    const reaches = (tap: number) => (rest - tap * dilation) % stride === 0;
    const taps = everyTap.filter(reaches);
    return {
      positions: everyPosition.filter((position) => (position + before) % stride === rest),
      taps,
      outputs: (position: number) =>
        taps.map((tap) => (position + before - tap * dilation) / stride),
    };
  }).filter(({ positions }) => positions.length > 0);
}

/**
 * Every product of an output with a tap first, then for each input position the sum of those that
 * reach it: less to move where the input has far fewer channels than the output.
 */
function multiplyThenGather(node: Node): Node {
  const [dy, filter] = node.inputs as [Node, Node];
  const [batch, height, width, channels] = node.shape as Shape4;
  const [, outHeight, outWidth] = dy.shape as Shape4;
  const [fh, fw, , outer] = filter.shape as Shape4;
  const kernel = reshape(filter, [fh * fw * channels, outer]);
  const products = matMul(kernel, toPositions(dy));
  const reaching = Array.from({ length: height * width }, (): number[] => []);
  let place = 0;
  forEachTap([outHeight, outWidth], filter.shape, geometryOf(node), (row, column) => {
    const inside = row >= 0 && column >= 0 && row < height && column < width;
    if (inside) reaching[row * width + column]!.push(place);
    place++;
  });
  const terms = Math.max(...reaching.map((places) => places.length));
  const wanted = reaching.flatMap((places) => [
    ...places,
    ...new Array<number>(terms - places.length).fill(outside),
  ]);
  const source = reshape(products, [place, channels, batch]);
  const summands = gatherOrZero(source, wanted);
  const apart = reshape(summands, [height * width, terms, channels, batch]);
  return fromPositions(sum(apart, [1]), node.shape);
}

/** Every position's patch of x: `[positions, height · width · channels, batch]`. */
function patchesOf(x: Node, outputs: Shape, filter: Shape, geometry: ConvolutionGeometry): Node {
  const [batch, height, width, channels] = x.shape as Shape4;
  const [, outHeight, outWidth] = outputs as Shape4;
  const [fh, fw] = filter as Shape4;
  const wanted: number[] = [];
  forEachTap([outHeight, outWidth], filter, geometry, (row, column) => {
    const inside = row >= 0 && column >= 0 && row < height && column < width;
    wanted.push(inside ? row * width + column : outside);
  });
  const patches = gatherOrZero(toPositions(x), wanted);
  return reshape(patches, [outHeight * outWidth, fh * fw * channels, batch]);
}

/** Visits every pair of an output and a tap, with the input position that they meet at. */
function forEachTap(
  [outHeight, outWidth]: Pair,
  filter: Shape,
  { strides, dilations, padding }: ConvolutionGeometry,
  visit: (row: number, column: number) => void,
): void {
  const [fh, fw] = filter as Shape4;
  for (let r = 0; r < outHeight; r++) {
    for (let c = 0; c < outWidth; c++) {
      for (let p = 0; p < fh; p++) {
        for (let q = 0; q < fw; q++) {
          visit(
            r * strides[0]! + p * dilations[0]! - padding[0]!,
            c * strides[1]! + q * dilations[1]! - padding[1]!,
          );
        }
      }
    }
  }
}

/** A position to gather that lies in the padding. */
const outside = -1;

/** Blocks of values by their positions, `[positions wanted, channels, batch]`; zeros outside. */
function gatherOrZero(values: Node, wanted: readonly number[]): Node {
  const { graph, shape } = values;
  const count = shape[0]!;
  const padded = wanted.includes(outside)
    ? concat([values, constant(graph, 0, shape.with(0, 1))], 0)
    : values;
  const positions = wanted.map((position) => (position === outside ? count : position));
  return gather(padded, indices(graph, positions), 0);
}

/** `[N, H, W, C] → [H · W, C, N]` */
function toPositions(x: Node): Node {
  const [batch, height, width, channels] = x.shape as Shape4;
  return reshape(transpose(x, [1, 2, 3, 0]), [height * width, channels, batch]);
}

/** `[H · W, C, N] → [N, H, W, C]` */
function fromPositions(y: Node, shape: Shape): Node {
  const [batch, height, width, channels] = shape as Shape4;
  return transpose(reshape(y, [height, width, channels, batch]), [3, 0, 1, 2]);
}

// ONNX's own convolutions, on NCHW.

function convolveNchw(node: Node, device: OnnxDevice): Node {
  const [x, filter] = node.inputs as [Node, Node];
  const params = { ...geometryOf(node), shape: nchw(node.shape) };
  return toNhwc(conv(toNchw(x), filterToOnnx(filter), params, device));
}

/** ONNX's `Conv`; on a GPU uneven padding is added beforehand, see {@link OnnxDevice}. */
function conv(
  x: Node,
  filter: Node,
  params: ConvolutionGeometry & { readonly shape: Shape },
  device: OnnxDevice,
): Node {
  const [top, left, bottom, right] = params.padding;
  const isEven = top === bottom && left === right;
  if (device === 'processor' || isEven) return x.graph.node('conv', [x, filter], params);
  // Not by `Pad`, which ONNX Runtime would put back into the `Conv`.
  const zeros = (y: Node, axis: number, count: number) =>
    count === 0 ? [] : [constant(y.graph, 0, y.shape.with(axis, count))];
  const high = concat([...zeros(x, 2, top!), x, ...zeros(x, 2, bottom!)], 2);
  const wide = concat([...zeros(high, 3, left!), high, ...zeros(high, 3, right!)], 3);
  return x.graph.node('conv', [wide, filter], { ...params, padding: [0, 0, 0, 0] });
}

function convolveInputNchw(node: Node, device: OnnxDevice): Node {
  const [dy, filter] = node.inputs as [Node, Node];
  const geometry = geometryOf(node);
  const rest = ([0, 1] as const).map((side) => {
    const [before, after] = paddingOf(geometry, side);
    const covered =
      geometry.strides[side]! * (dy.shape[side + 1]! - 1) +
      reach(filter.shape[side]!, geometry.dilations[side]!);
    return node.shape[side + 1]! + before + after - covered;
  });
  const inputs = [toNchw(dy), filterToOnnx(filter)] as const;
  const params = { ...geometry, rest, shape: nchw(node.shape) };
  return toNhwc(convTranspose(...inputs, params, device));
}

/** ONNX's `ConvTranspose`; on a GPU group by group, see {@link OnnxDevice}. */
function convTranspose(
  dy: Node,
  filter: Node,
  params: ConvolutionGeometry & { readonly rest: readonly number[]; readonly shape: Shape },
  device: OnnxDevice,
): Node {
  const { groups, shape } = params;
  const { graph } = dy;
  if (device === 'processor' || groups === 1) {
    return graph.node('convTranspose', [dy, filter], params);
  }
  const part = (x: Node, axis: number, index: number) => {
    const size = x.shape[axis]! / groups;
    const begin = x.shape.map((_, at) => (at === axis ? index * size : 0));
    return slice(x, begin, x.shape.with(axis, size));
  };
  const one = { ...params, groups: 1, shape: shape.with(1, shape[1]! / groups) };
  const parts = Array.from({ length: groups }, (_, index) =>
    graph.node('convTranspose', [part(dy, 1, index), part(filter, 0, index)], one),
  );
  return concat(parts, 1);
}

/**
 * The slope in the filter is a convolution of the input by the output's gradient, batch and channels
 * having changed places, and strides and dilations too.
 */
function convolveFilterNchw(node: Node, device: OnnxDevice): Node {
  const [x, dy] = node.inputs as [Node, Node];
  const geometry = geometryOf(node);
  const { groups, strides, dilations, padding } = geometry;
  const [batch, height, width, channels] = x.shape as Shape4;
  const [, outHeight, outWidth, outer] = dy.shape as Shape4;
  const inner = channels / groups;
  const [fh, fw] = node.shape as Shape4;
  // [N, H, W, G, c] → [c, G·N, H, W], and [N, H', W', M] → [M, N, H', W'].
  const split = reshape(x, [batch, height, width, groups, inner]);
  const data = reshape(transpose(split, [4, 3, 0, 1, 2]), [inner, groups * batch, height, width]);
  const kernel = transpose(dy, [3, 0, 1, 2]);
  const sizes = ([0, 1] as const).map((side) => {
    const [before, after] = paddingOf(geometry, side);
    const kernelReach = reach([outHeight, outWidth][side]!, strides[side]!);
    return (
      Math.floor(([height, width][side]! + before + after - kernelReach) / dilations[side]!) + 1
    );
  });
  const swapped = { strides: dilations, dilations: strides, padding, groups };
  const whole = conv(data, kernel, { ...swapped, shape: [inner, outer, ...sizes] }, device);
  // Rows and columns that no output has seen are no part of the filter.
  const cropped = slice(whole, [0, 0, 0, 0], [inner, outer, fh, fw]);
  return transpose(cropped, [2, 3, 0, 1]);
}

const nchw = (shape: Shape) => [0, 3, 1, 2].map((axis) => shape[axis]!);
const toNchw = (x: Node) => transpose(x, [0, 3, 1, 2]);
const toNhwc = (x: Node) => transpose(x, [0, 2, 3, 1]);
/** `[h, w, in / groups, out]` → `[out, in / groups, h, w]`. */
const filterToOnnx = (filter: Node) => transpose(filter, [3, 2, 0, 1]);

const declared: Op['result'] = (_inputs, params) => ({
  shape: params.shape!,
  dtype: 'float32',
});

/** Made by lowering alone, after all differentiation. */
export const loweredConvolutionOps: readonly Op[] = [
  {
    name: 'conv',
    result: declared,
    onnx: (writer, inputs, node) => {
      const { strides, dilations, padding, groups } = geometryOf(node);
      return writer.op('Conv', inputs, { strides, dilations, pads: padding, group: groups });
    },
  },
  {
    name: 'convTranspose',
    result: declared,
    onnx: (writer, inputs, node) => {
      const { strides, dilations, padding, groups } = geometryOf(node);
      const rest = node.params.rest!;
      return writer.op('ConvTranspose', inputs, {
        strides,
        dilations,
        pads: padding,
        output_padding: rest,
        group: groups,
      });
    },
  },
];
