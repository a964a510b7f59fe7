import * as tf from '@tensorflow/tfjs';
import type { Node } from '../graph/graph';
import { axesIn } from '../graph/ops/axes';
import {
  add,
  cast,
  constant,
  equal,
  gather,
  greater,
  greaterEqual,
  indices,
  logicalAnd,
  max,
  mul,
  reshape,
  scatterAdd,
  select,
  sum,
  transpose,
} from '../graph/ops/build';
import { gatherAlong, topIndices } from '../graph/ops/compose';
import type { Kernel, KernelCall, Refuse } from '../graph/ops/op';
import { formatShape, type Shape, sameShape, sizeOf, stridesOf } from '../graph/shape';
import { knownValues } from '../passes/simplify';
import { numbers, x } from './arguments';

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Positions `[..., d]` in the first d axes of `shape` as positions in those axes made one. */
function flatPositions(positions: Node, shape: Shape): Node {
  const depth = positions.shape.at(-1)!;
  const strides = indices(positions.graph, stridesOf(shape.slice(0, depth)));
  return sum(mul(cast(positions, 'int32'), strides), [positions.shape.length - 1]);
}

/**
 * Holds positions that are known while the code is traced against the sizes of the axes that they
 * count in: one size for all, or one for each place of the last axis. What is computed cannot be seen
 * before it runs.
 */
function requireInside(positions: Node, sizes: readonly number[], refuse: Refuse): void {
  const known = knownValues(positions);
  const index = known?.findIndex((place, at) => {
    const size = sizes[at % sizes.length]!;
    return !(place >= 0 && place < size);
  });
  if (known === undefined || index === undefined || index === -1) return;
  refuse(
    `the position ${known[index]} is not among the ${sizes[index % sizes.length]} of its axis`,
    'Count from 0; a position is less than the size of the axis.',
  );
}

/** What tfjs's own checks read of a tensor. */
const readerOf = ({ shape, dtype }: Node) =>
  ({ shape: [...shape], rank: shape.length, dtype, size: sizeOf(shape) }) as tf.Tensor;

function gatherNd({ inputs, refuse }: KernelCall): Node {
  const { params, indices: positions } = inputs as { params: Node; indices: Node };
  tf.gather_util.prepareAndValidate(readerOf(params), readerOf(positions));
  requireInside(positions, params.shape.slice(0, positions.shape.at(-1)), refuse);
  const depth = positions.shape.at(-1)!;
  const rest = params.shape.slice(depth);
  const rows = reshape(params, [sizeOf(params.shape.slice(0, depth)), ...rest]);
  return gather(rows, flatPositions(positions, params.shape), 0);
}

/** A list of positions in one axis as positions `[n, 1]`. */
const asColumn = (positions: Node) =>
  positions.shape.length > 1 ? positions : reshape(positions, [sizeOf(positions.shape), 1]);

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

/** The last of updates at equal positions `[n, d]`, as far as these are known; updates `[n, ...]`. */
function lastOfEqual(positions: Node, updates: Node): readonly [positions: Node, updates: Node] {
  const known = knownValues(positions);
  const depth = positions.shape.at(-1)!;
  const count = sizeOf(positions.shape.slice(0, -1));
  const last = new Map(
    upTo(known ? count : 0).map((row) => [
      known!.slice(row * depth, (row + 1) * depth).join(),
      row,
    ]),
  );
  if (known === undefined || last.size === count) return [positions, updates];
  const kept = indices(positions.graph, [...last.values()]);
  const rest = updates.shape.slice(positions.shape.length - 1);
  return [
    gather(reshape(positions, [count, depth]), kept, 0),
    gather(reshape(updates, [count, ...rest]), kept, 0),
  ];
}

/** `value` with the elements at the positions replaced. */
function overwrite(value: Node, at: Node, given: Node, refuse: Refuse): Node {
  requireInside(at, value.shape.slice(0, at.shape.at(-1)), refuse);
  const [positions, updates] = lastOfEqual(at, given);
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

/** Rows summed by the segments they belong to; those of no segment are left out. */
function segmentSum({ inputs, attrs, refuse }: KernelCall): Node {
  const { x: given, segmentIds } = inputs as { x: Node; segmentIds: Node };
  // tfjs gives floats for whole numbers too.
  const value = cast(given, 'float32');
  const segments = attrs['numSegments'] as number;
  if (!sameShape(segmentIds.shape, value.shape.slice(0, 1))) {
    refuse(
      `segments of shape ${formatShape(segmentIds.shape)} do not say where each row of ${formatShape(value.shape)} belongs`,
      'Give one segment for each row: a tensor with one axis.',
    );
  }
  const shape = [segments, ...value.shape.slice(1)];
  const belongs = logicalAnd(greaterEqual(segmentIds, 0), greater(segments, segmentIds));
  const aligned = reshape(belongs, [value.shape[0]!, ...value.shape.slice(1).map(() => 1)]);
  return scatterAdd(select(aligned, value, 0), select(belongs, segmentIds, 0), 0, shape);
}

/** How often, or with what total weight, each number below `size` occurs along the last axis. */
function binCount(call: KernelCall, value: Node): Node {
  if (knownValues(value)?.some((number) => number < 0)) {
    call.refuse('a number to count is negative', 'Count whole numbers, 0 or more.');
  }
  const weights = call.inputs['weights'];
  const hits = cast(oneHot(value, call.attrs['size'] as number), 'float32');
  const axes = [value.shape.length - 1];
  if (call.attrs['binaryOutput']) return max(hits, axes);
  const weighted = weights !== undefined && sizeOf(weights.shape) > 0;
  const factors = weighted ? reshape(cast(weights, 'float32'), [...value.shape, 1]) : 1;
  return sum(mul(hits, factors), axes);
}

/** For each value how many elements of the sorted row lie below it (or below and equal). */
function searchSorted({ inputs, attrs }: KernelCall): Node {
  const { sortedSequence, values } = inputs as { sortedSequence: Node; values: Node };
  const [rows, length] = sortedSequence.shape as [number, number];
  const row = reshape(sortedSequence, [rows, 1, length]);
  const each = reshape(values, [...values.shape, 1]);
  const passed = attrs['side'] === 'left' ? greater(each, row) : greaterEqual(each, row);
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
  GatherV2: ({ inputs, attrs, refuse }) => {
    const { x: value, indices: positions } = inputs as { x: Node; indices: Node };
    const [axis] = axesIn(value.shape, attrs['axis'] as number) as [number];
    const given = (attrs['batchDims'] as number | undefined) ?? 0;
    const { collectGatherOpShapeInfo } = tf.backend_util.segment_util;
    collectGatherOpShapeInfo(readerOf(value), readerOf(positions), axis, given);
    requireInside(positions, [value.shape[axis]!], refuse);
    const batchDims = given < 0 ? given + positions.shape.length : given;
    return gatherBatched(value, positions, axis, batchDims);
  },
  GatherNd: gatherNd,
  ScatterNd: ({ inputs, attrs, refuse }) => {
    const shape = numbers(attrs['shape']);
    const positions = asColumn(inputs['indices']!);
    requireInside(positions, shape.slice(0, positions.shape.at(-1)), refuse);
    return scatter(positions, inputs['updates']!, shape);
  },
  TensorScatterUpdate: ({ inputs, refuse }) =>
    overwrite(inputs['tensor']!, asColumn(inputs['indices']!), inputs['updates']!, refuse),
  SparseToDense: ({ inputs, attrs, refuse }) => {
    const { sparseIndices, sparseValues, defaultValue } = inputs as Record<string, Node>;
    const shape = numbers(attrs['outputShape']);
    const count = sparseIndices!.shape[0] ?? 1;
    const values = sparseValues!;
    const background = add(constant(values.graph, 0, shape, values.dtype), defaultValue!);
    const one = sizeOf(values.shape) === 1;
    const updates = one
      ? gather(reshape(values, [1]), indices(values.graph, new Array<number>(count).fill(0)), 0)
      : values;
    return overwrite(background, reshape(sparseIndices!, [count, shape.length]), updates, refuse);
  },
  UnsortedSegmentSum: segmentSum,
  TopK: (call) => {
    const positions = topIndices(x(call), call.attrs['k'] as number);
    return [gatherAlong(x(call), positions), positions];
  },
  OneHot: ({ inputs, attrs }) => {
    const hit = oneHot(inputs['indices']!, attrs['depth'] as number);
    const on = constant(hit.graph, (attrs['onValue'] as number | undefined) ?? 1);
    const chosen = select(hit, on, (attrs['offValue'] as number | undefined) ?? 0);
    return cast(chosen, (attrs['dtype'] as 'float32' | 'int32' | undefined) ?? 'float32');
  },
  Bincount: (call) => binCount(call, reshape(x(call), [sizeOf(x(call).shape)])),
  DenseBincount: (call) => binCount(call, x(call)),
  SearchSorted: searchSorted,
  Diag: diagonal,
};
