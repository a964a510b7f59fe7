/**
 * Constructors: one function an operation, then what is expressed by them. Everything that writes an
 * expression (derivative rules, kernels, optimizers, tests) reads like mathematics through them.
 */
import type { Body, Graph, Node, NoiseKind, Params, Values } from '../graph';
import {
  broadcastShapes,
  type DType,
  normalizeAxes,
  type Shape,
  sameShape,
  sizeOf,
} from '../shape';

/** A node, or a number that becomes a scalar of its partner's dtype. */
export type Operand = Node | number;

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** An array of the given dtype's kind. */
export function valuesOf(dtype: DType, values: Iterable<number>): Values {
  return arrays[dtype].from(values);
}

// Leaves.

/** A value that is fed at each run. `name` is unique within a program. */
export function input(graph: Graph, name: string, shape: Shape, dtype: DType = 'float32'): Node {
  return graph.node('input', [], { name, shape, dtype });
}

/** A placeholder inside a loop body or a rule, to be replaced by {@link substitute}. */
export function parameter(graph: Graph, shape: Shape, dtype: DType): Node {
  return graph.node('parameter', [], { number: graph.uniqueNumber(), shape, dtype });
}

/** Values known at compile time. All-equal values are stored once and broadcast. */
export function constant(
  graph: Graph,
  values: Values | number,
  shape: Shape = [],
  dtype: DType = 'float32',
): Node {
  if (typeof values === 'number') {
    const one = graph.node('constant', [], { values: valuesOf(dtype, [values]), shape: [], dtype });
    return broadcastTo(one, shape);
  }
  const first = values[0];
  if (shape.length > 0 && first !== undefined && values.every((value) => Object.is(value, first))) {
    return constant(graph, first, shape, dtype);
  }
  return graph.node('constant', [], { values, shape, dtype });
}

/** A scalar with the dtype of `like`. */
export function scalar(like: Node, value: number): Node {
  return constant(like.graph, value, [], like.dtype);
}

/** An int32 vector, for axes of `gather` and comparisons with positions. */
export function indices(graph: Graph, values: readonly number[]): Node {
  return graph.node('constant', [], {
    values: Int32Array.from(values),
    shape: [values.length],
    dtype: 'int32',
  });
}

/** Where in the enclosing loops a noise node stands. */
export interface NoiseFrame {
  /** The iteration, counted through all enclosing loops: outer · inner count + inner. */
  readonly index: Node;
  /** Iteration counts of the enclosing loops; each a constant or an input. */
  readonly counts: readonly Node[];
}

/** Fresh noise, new in each run and in each iteration of the loops it stands in; see `noise-source.ts`. */
export function noise(graph: Graph, kind: NoiseKind, shape: Shape, frame?: NoiseFrame): Node {
  return graph.node('noise', frame ? [frame.index] : [], {
    kind,
    shape,
    stream: graph.uniqueNumber(),
    counts: frame?.counts ?? [],
  });
}

// Elementwise, with broadcasting.

function binary(operation: string, a: Operand, b: Operand): Node {
  if (typeof a === 'number') {
    if (typeof b === 'number') throw new Error('At least one operand must be a node.');
    return b.graph.node(operation, [scalar(b, a), b]);
  }
  return a.graph.node(operation, [a, typeof b === 'number' ? scalar(a, b) : b]);
}
const unary = (operation: string) => (x: Node) => x.graph.node(operation, [x]);

export const add = (a: Operand, b: Operand) => binary('add', a, b);
export const sub = (a: Operand, b: Operand) => binary('sub', a, b);
export const mul = (a: Operand, b: Operand) => binary('mul', a, b);
export const div = (a: Operand, b: Operand) => binary('div', a, b);
export const pow = (a: Operand, b: Operand) => binary('pow', a, b);
export const maximum = (a: Operand, b: Operand) => binary('maximum', a, b);
export const minimum = (a: Operand, b: Operand) => binary('minimum', a, b);
export const equal = (a: Operand, b: Operand) => binary('equal', a, b);
export const greater = (a: Operand, b: Operand) => binary('greater', a, b);
export const greaterEqual = (a: Operand, b: Operand) => binary('greaterEqual', a, b);
export const logicalAnd = (a: Node, b: Node) => a.graph.node('logicalAnd', [a, b]);
export const logicalNot = unary('logicalNot');
export const neg = unary('neg');
export const exp = unary('exp');
export const expm1 = unary('expm1');
export const log = unary('log');
export const sqrt = unary('sqrt');
export const rsqrt = unary('rsqrt');
export const reciprocal = unary('reciprocal');
export const abs = unary('abs');
export const sign = unary('sign');
export const sin = unary('sin');
export const cos = unary('cos');
export const sinh = unary('sinh');
export const cosh = unary('cosh');
export const tanh = unary('tanh');
export const sigmoid = unary('sigmoid');
export const swish = unary('swish');
export const relu = unary('relu');
export const floor = unary('floor');

/** `condition ? a : b`, elementwise with broadcasting. */
export function select(condition: Node, a: Operand, b: Operand): Node {
  const like = typeof a === 'number' ? b : a;
  if (typeof like === 'number') throw new Error('One branch must be a node.');
  return condition.graph.node('select', [
    condition,
    typeof a === 'number' ? scalar(like, a) : a,
    typeof b === 'number' ? scalar(like, b) : b,
  ]);
}

export function cast(x: Node, dtype: DType): Node {
  return x.dtype === dtype ? x : x.graph.node('cast', [x], { dtype });
}

export const square = (x: Node) => mul(x, x);

/** 1 where x > 0, else 0: the slope of `relu`. */
export const step = (x: Node) => cast(greater(x, 0), x.dtype);

// Structure.

export function reshape(x: Node, shape: Shape): Node {
  return sameShape(x.shape, shape) ? x : x.graph.node('reshape', [x], { shape });
}

/** Axis `i` of the result is axis `permutation[i]` of x. */
export function transpose(x: Node, permutation: readonly number[]): Node {
  return permutation.every((axis, index) => axis === index)
    ? x
    : x.graph.node('transpose', [x], { permutation });
}

export function broadcastTo(x: Node, shape: Shape): Node {
  return sameShape(x.shape, shape) ? x : x.graph.node('broadcastTo', [x], { shape });
}

/** The block of `size` that begins at `begin`. */
export function slice(x: Node, begin: readonly number[], size: Shape): Node {
  return sameShape(x.shape, size) ? x : x.graph.node('slice', [x], { begin, size });
}

/** x with `before[i]` and `after[i]` copies of `value` around axis i. */
export function pad(x: Node, before: readonly number[], after: readonly number[], value = 0): Node {
  return [...before, ...after].every((count) => count === 0)
    ? x
    : x.graph.node('pad', [x], { before, after, value });
}

export function concat(parts: readonly Node[], axis: number): Node {
  return parts.length === 1 ? parts[0]! : parts[0]!.graph.node('concat', parts, { axis });
}

/** Rows of x along `axis` at int32 positions; shape: x's with `axis` replaced by the positions'. */
export function gather(x: Node, positions: Node, axis: number): Node {
  return x.graph.node('gather', [x, positions], { axis });
}

/** The transpose of {@link gather}: zeros of `shape` to which rows are added at their positions. */
export function scatterAdd(rows: Node, positions: Node, axis: number, shape: Shape): Node {
  return rows.graph.node('scatterAdd', [rows, positions], { axis, shape });
}

/** Every `stride`-th element of one axis, `count` of them, from `begin` on; stride may be negative. */
export function strided(x: Node, axis: number, begin: number, stride: number, count: number): Node {
  if (stride === 1 || count === 1) {
    const first = x.shape.map((_, index) => (index === axis ? begin : 0));
    return slice(
      x,
      first,
      x.shape.map((size, index) => (index === axis ? count : size)),
    );
  }
  const positions = Array.from({ length: count }, (_, index) => begin + index * stride);
  return gather(x, indices(x.graph, positions), axis);
}

export function reverse(x: Node, axes: readonly number[]): Node {
  return normalizeAxes(axes, x.shape.length).reduce(
    (value, axis) => strided(value, axis, value.shape[axis]! - 1, -1, value.shape[axis]!),
    x,
  );
}

/** x repeated `repeats[i]` times along axis i. */
export function tile(x: Node, repeats: readonly number[]): Node {
  const result = x.shape.map((size, axis) => size * repeats[axis]!);
  // Repeating what has size 1 is broadcasting, which the algebra knows more about.
  if (x.shape.every((size, axis) => size === 1 || repeats[axis] === 1))
    return broadcastTo(x, result);
  const apart = x.shape.flatMap((size) => [1, size]);
  const stretched = x.shape.flatMap((size, axis) => [repeats[axis]!, size]);
  return reshape(broadcastTo(reshape(x, apart), stretched), result);
}

// Reductions. They drop the reduced axes; `keepAxes` puts them back with size 1.

function reduction(operation: string, x: Node, axes: readonly number[]): Node {
  const sorted = normalizeAxes(axes, x.shape.length);
  return sorted.length === 0 ? x : x.graph.node(operation, [x], { axes: sorted });
}

export const sum = (x: Node, axes: readonly number[]) => reduction('sum', x, axes);
export const max = (x: Node, axes: readonly number[]) => reduction('max', x, axes);
export const min = (x: Node, axes: readonly number[]) => neg(max(neg(x), axes));

/** A reduced value reshaped so that the reduced axes of `shape` have size 1 and broadcast. */
export function keepAxes(reduced: Node, shape: Shape, axes: readonly number[]): Node {
  return reshape(
    reduced,
    shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  );
}

/** Arithmetic mean; NaN over an empty axis, as in NumPy. */
export function mean(x: Node, axes: readonly number[]): Node {
  const count = normalizeAxes(axes, x.shape.length).reduce((n, axis) => n * x.shape[axis]!, 1);
  return div(sum(x, axes), count);
}

/**
 * The transpose of broadcasting: sums what a value of `shape` was stretched over, so that the
 * gradient of a broadcast operand has the operand's shape.
 */
export function sumTo(g: Node, shape: Shape): Node {
  if (sameShape(g.shape, shape)) return g;
  const extra = g.shape.length - shape.length;
  const axes = g.shape.flatMap((size, axis) =>
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(sum(g, axes), shape);
}

/**
 * Product along axes by halving: n elements take log2(n) multiplications of half-arrays. Right at
 * zeros to every order of differentiation, where dividing the product by an element is not.
 */
export function prod(x: Node, axes: readonly number[]): Node {
  const reduced = normalizeAxes(axes, x.shape.length);
  let value = x;
  for (const axis of reduced) {
    while (value.shape[axis]! > 1) {
      const size = value.shape[axis]!;
      const half = Math.floor(size / 2);
      const products = mul(strided(value, axis, 0, 1, half), strided(value, axis, half, 1, half));
      value =
        size % 2 === 0 ? products : concat([products, strided(value, axis, size - 1, 1, 1)], axis);
    }
    if (value.shape[axis] === 0) {
      const shape = value.shape.map((size, index) => (index === axis ? 1 : size));
      value = constant(x.graph, 1, shape, x.dtype);
    }
  }
  return reshape(
    value,
    value.shape.filter((_, axis) => !reduced.includes(axis)),
  );
}

export interface CumsumOptions {
  /** Leave the element itself out of its sum. */
  readonly exclusive: boolean;
  /** Sum from the end. */
  readonly reverse: boolean;
}

export function cumsum(x: Node, axis: number, options: CumsumOptions): Node {
  return x.graph.node('cumsum', [x], { axis, ...options });
}

// Products.

/** Matrix product of the last two axes; leading axes broadcast. */
export function matMul(a: Node, b: Node, transposeA = false, transposeB = false): Node {
  return a.graph.node('matMul', [a, b], { transposeA, transposeB });
}

/** How a convolution slides; pairs are (height, width). Shapes NHWC and HWIO, as in tfjs. */
export interface ConvolutionGeometry extends Params {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros around the input: top, left, bottom, right. */
  readonly padding: readonly number[];
  /** Channels are cut into this many independent groups; filters are `[h, w, in / groups, out]`. */
  readonly groups: number;
}

/** `[N, H, W, C] * [h, w, C / groups, M] → [N, H', W', M]`. */
export function convolve(x: Node, filter: Node, geometry: ConvolutionGeometry): Node {
  return x.graph.node('convolve', [x, filter], geometry);
}

/** The transpose of {@link convolve} in its input: `[N, H', W', M] → [N, H, W, C]`. */
export function convolveInput(
  g: Node,
  filter: Node,
  geometry: ConvolutionGeometry,
  shape: Shape,
): Node {
  return g.graph.node('convolveInput', [g, filter], { ...geometry, shape });
}

/** The transpose of {@link convolve} in its filter: `([N, H, W, C], [N, H', W', M]) → filter`. */
export function convolveFilter(
  x: Node,
  g: Node,
  geometry: ConvolutionGeometry,
  shape: Shape,
): Node {
  return x.graph.node('convolveFilter', [x, g], { ...geometry, shape });
}

// Control.

/** The value of x; nothing flows back through it. */
export function stopGradient(x: Node): Node {
  return x.graph.node('stopGradient', [x]);
}

/**
 * `value`, with contributions to the gradients of `sources` that were written by hand.
 *
 * @param dy placeholder for the gradient of `value` inside `contributions`
 */
export function withGradient(
  value: Node,
  sources: readonly Node[],
  dy: Node,
  contributions: readonly Node[],
): Node {
  return value.graph.node('withGradient', [value, ...sources, ...contributions], { dy });
}

/** All results of a loop; take one with {@link loopResult}. */
export function loopNode(
  count: Node,
  state: readonly Node[],
  captures: readonly Node[],
  body: Body,
): Node {
  return count.graph.node('loop', [count, ...state, ...captures], { body });
}

export function loopResult(loop: Node, index: number): Node {
  return loop.graph.node('loopResult', [loop], { index });
}

// Expressions that tfjs has kernels for.

/** exp(x) / Σ exp(x) over the last axis. The shift by the maximum has no influence on the value. */
export function softmax(x: Node): Node {
  const axes = [x.shape.length - 1];
  const shift = stopGradient(keepAxes(max(x, axes), x.shape, axes));
  const weights = exp(sub(x, shift));
  return div(weights, keepAxes(sum(weights, axes), x.shape, axes));
}

/** The largest shape that all shapes broadcast to, or undefined. */
export function broadcastAll(shapes: readonly Shape[]): Shape | undefined {
  return shapes.reduce<Shape | undefined>(
    (result, shape) => result && broadcastShapes(result, shape),
    [],
  );
}

/** Whether the node is a constant, alone or broadcast, with one value everywhere; which. */
export function uniformValue(node: Node): number | undefined {
  const source = node.op.name === 'broadcastTo' ? node.inputs[0]! : node;
  if (source.op.name !== 'constant') return undefined;
  const values = source.params.values!;
  return values.length === 1 && sizeOf(source.shape) === 1 ? values[0] : undefined;
}
