import type { Node } from '../graph';
import {
  add,
  cast,
  constant,
  equal,
  gather,
  greater,
  greaterEqual,
  indices,
  max,
  mul,
  reshape,
  scatterAdd,
  select,
  sum,
  transpose,
} from '../ops/build';
import { gatherAlong, topIndices } from '../ops/compose';
import type { Kernel, KernelCall } from '../ops/row';
import { normalizeAxes, type Shape, sizeOf, stridesOf } from '../shape';
import { numbers, x } from './arguments';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Positions `[..., d]` in the first d axes of `shape` as positions in those axes made one. */
function flatPositions(positions: Node, shape: Shape): Node {
  const depth = positions.shape.at(-1)!;
  const strides = indices(positions.graph, stridesOf(shape.slice(0, depth)));
  return sum(mul(cast(positions, 'int32'), strides), [positions.shape.length - 1]);
}

function gatherNd({ inputs }: KernelCall): Node {
  const { params, indices: positions } = inputs as { params: Node; indices: Node };
  const depth = positions.shape.at(-1)!;
  const rest = params.shape.slice(depth);
  const rows = reshape(params, [sizeOf(params.shape.slice(0, depth)), ...rest]);
  return gather(rows, flatPositions(positions, params.shape), 0);
}

/** Updates added at positions `[n, d]` to zeros of a shape; updates `[n, ...]`. */
function scatter(positions: Node, updates: Node, shape: Shape): Node {
  const depth = positions.shape.at(-1)!;
  const rest = shape.slice(depth);
  const flat = flatPositions(positions, shape);
  const count = sizeOf(flat.shape);
  const rows = [sizeOf(shape.slice(0, depth)), ...rest];
  const added = scatterAdd(reshape(updates, [count, ...rest]), reshape(flat, [count]), 0, rows);
  return reshape(added, shape);
}

/** `value` with the elements at the positions replaced. */
function overwrite(value: Node, positions: Node, updates: Node): Node {
  const count = sizeOf(positions.shape.slice(0, -1));
  const ones = constant(value.graph, 1, [count, ...value.shape.slice(positions.shape.at(-1)!)]);
  const written = greater(scatter(positions, ones, value.shape), 0);
  return select(written, scatter(positions, updates, value.shape), value);
}

/** Rows along an axis, each element of the leading `batchDims` axes with positions of its own. */
function gatherBatched(value: Node, positions: Node, axis: number, batchDims: number): Node {
  if (batchDims === 0) return gather(value, positions, axis);
  // The axis comes right after the batch; the batch and it become one.
  const order = upTo(value.shape.length).filter((index) => index !== axis);
  order.splice(batchDims, 0, axis);
  const moved = transpose(value, order);
  const batch = sizeOf(moved.shape.slice(0, batchDims));
  const length = moved.shape[batchDims]!;
  const rest = moved.shape.slice(batchDims + 1);
  const firsts = reshape(
    indices(
      value.graph,
      upTo(batch).map((index) => index * length),
    ),
    [...positions.shape.slice(0, batchDims), ...positions.shape.slice(batchDims).map(() => 1)],
  );
  const taken = gather(reshape(moved, [batch * length, ...rest]), add(positions, firsts), 0);
  // [batch, positions, axes before the axis, axes after it]: the positions go where the axis was.
  const picked = positions.shape.length - batchDims;
  const before = axis - batchDims;
  const axes = upTo(taken.shape.length);
  return transpose(taken, [
    ...axes.slice(0, batchDims),
    ...axes.slice(batchDims + picked, batchDims + picked + before),
    ...axes.slice(batchDims, batchDims + picked),
    ...axes.slice(batchDims + picked + before),
  ]);
}

/** 1 where an element of `positions` is the class of the new last axis, else 0. */
function oneHot(positions: Node, depth: number): Node {
  const classes = indices(positions.graph, upTo(depth));
  return equal(reshape(cast(positions, 'int32'), [...positions.shape, 1]), classes);
}

/** How often, or with what total weight, each number below `size` occurs along the last axis. */
function binCount(call: KernelCall, value: Node): Node {
  const weights = call.inputs['weights'];
  const hits = cast(oneHot(value, call.attributes['size'] as number), 'float32');
  const axes = [value.shape.length - 1];
  if (call.attributes['binaryOutput']) return max(hits, axes);
  const weighted = weights !== undefined && sizeOf(weights.shape) > 0;
  const factors = weighted ? reshape(cast(weights, 'float32'), [...value.shape, 1]) : 1;
  return sum(mul(hits, factors), axes);
}

/** For each value how many elements of the sorted row lie below it (or below and equal). */
function searchSorted({ inputs, attributes }: KernelCall): Node {
  const { sortedSequence, values } = inputs as { sortedSequence: Node; values: Node };
  const [rows, length] = sortedSequence.shape as [number, number];
  const row = reshape(sortedSequence, [rows, 1, length]);
  const each = reshape(values, [...values.shape, 1]);
  const passed = attributes['side'] === 'left' ? greater(each, row) : greaterEqual(each, row);
  return sum(cast(passed, 'int32'), [2]);
}

/** The elements on the diagonal of a matrix, zeros beside it; in tensors of any rank. */
function diagonal(call: KernelCall): Node {
  const value = x(call);
  const size = sizeOf(value.shape);
  const places = indices(value.graph, upTo(size));
  const onDiagonal = equal(reshape(places, [size, 1]), places);
  const matrix = select(onDiagonal, reshape(value, [size]), 0);
  return reshape(matrix, [...value.shape, ...value.shape]);
}

/** What takes elements by position, puts them there, or finds positions. */
export const indexingKernels: Readonly<Record<string, Kernel>> = {
  GatherV2: ({ inputs, attributes }) => {
    const { x: value, indices: positions } = inputs as { x: Node; indices: Node };
    const [axis] = normalizeAxes([attributes['axis'] as number], value.shape.length);
    const given = (attributes['batchDims'] as number | undefined) ?? 0;
    const batchDims = given < 0 ? given + positions.shape.length : given;
    return gatherBatched(value, positions, axis!, batchDims);
  },
  GatherNd: gatherNd,
  ScatterNd: ({ inputs, attributes }) =>
    scatter(inputs['indices']!, inputs['updates']!, numbers(attributes['shape'])),
  TensorScatterUpdate: ({ inputs }) =>
    overwrite(inputs['tensor']!, inputs['indices']!, inputs['updates']!),
  SparseToDense: ({ inputs, attributes }) => {
    const { sparseIndices, sparseValues, defaultValue } = inputs as Record<string, Node>;
    const shape = numbers(attributes['outputShape']);
    const count = sparseIndices!.shape[0] ?? 1;
    const values = sparseValues!;
    const background = add(constant(values.graph, 0, shape, values.dtype), defaultValue!);
    const one = sizeOf(values.shape) === 1;
    const updates = one
      ? gather(reshape(values, [1]), indices(values.graph, new Array<number>(count).fill(0)), 0)
      : values;
    return overwrite(background, reshape(sparseIndices!, [count, shape.length]), updates);
  },
  UnsortedSegmentSum: ({ inputs, attributes }) => {
    const { x: value, segmentIds } = inputs as { x: Node; segmentIds: Node };
    const shape = [attributes['numSegments'] as number, ...value.shape.slice(1)];
    return scatterAdd(value, segmentIds, 0, shape);
  },
  TopK: (call) => {
    const positions = topIndices(x(call), call.attributes['k'] as number);
    return [gatherAlong(x(call), positions), positions];
  },
  OneHot: ({ inputs, attributes }) => {
    const hit = oneHot(inputs['indices']!, attributes['depth'] as number);
    const on = constant(hit.graph, (attributes['onValue'] as number | undefined) ?? 1);
    const chosen = select(hit, on, (attributes['offValue'] as number | undefined) ?? 0);
    return cast(chosen, (attributes['dtype'] as 'float32' | 'int32' | undefined) ?? 'float32');
  },
  Bincount: (call) => binCount(call, reshape(x(call), [sizeOf(x(call).shape)])),
  DenseBincount: (call) => binCount(call, x(call)),
  SearchSorted: searchSorted,
  Diag: diagonal,
};
