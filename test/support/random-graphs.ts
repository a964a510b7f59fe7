/** Graphs made at random, out of all that the compiler's rewriting looks at. */
import { ProblemError } from '../../protocol/problem';
import type { Node } from '../../trainer-worker/compiler/graph/graph';
import { loop } from '../../trainer-worker/compiler/graph/loop';
import {
  abs,
  add,
  broadcastTo,
  cast,
  concat,
  constant,
  cos,
  div,
  gather,
  greater,
  indices,
  input,
  matMul,
  max,
  maximum,
  minimum,
  mul,
  neg,
  pad,
  pow,
  relu,
  reshape,
  reverse,
  scatterAdd,
  select,
  sigmoid,
  sin,
  slice,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  tile,
  transpose,
} from '../../trainer-worker/compiler/graph/ops/build';
import { type Shape, sizeOf } from '../../trainer-worker/compiler/graph/shape';
import type { Arrays64 } from '../../trainer-worker/compiler/run/float64';
import { createGraph } from '../../trainer-worker/compiler/trace/trace';
import { numbersFrom } from '../graph-numbers';
import { fc } from './fast-check';

/** One operation on values that exist already; `a`, `b` and `c` pick them, `k` what else there is to pick. */
export interface Instruction {
  readonly operation: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly k: number;
}

interface Picked {
  readonly a: Node;
  readonly b: Node;
  readonly c: Node;
  readonly k: number;
}

/** Dyadic, so that folding them in float32 rounds nothing. */
const numbers = [0, 1, -1, 2, 0.5, -3] as const;

const hasRows = ({ shape }: Node) => (shape[0] ?? 0) > 0;
const axisOf = (x: Node, k: number) => (x.shape.length === 0 ? [] : [k % x.shape.length]);
/** A permutation of a node's axes; different `k` give different ones. */
function permutation({ shape }: Node, k: number): number[] {
  const rest = shape.map((_, axis) => axis);
  return shape.map((_, position) => rest.splice((k + position) % rest.length, 1)[0]!);
}

/** All that rewriting rules look at. What may become infinite or steep is kept out of the way. */
const operations: readonly ((picked: Picked, shapes: readonly Shape[]) => Node)[] = [
  ({ a, b }) => add(a, b),
  ({ a, b }) => sub(a, b),
  ({ a, b }) => mul(a, b),
  ({ a, b }) => div(a, add(square(b), 1)),
  ({ a, k }) => add(a, numbers[k % numbers.length]!),
  ({ a, k }) => mul(numbers[k % numbers.length]!, a),
  ({ a, k }) => sub(numbers[k % numbers.length]!, a),
  ({ a, k }) => div(a, [1, 2, -0.5][k % 3]!),
  ({ a, k }) => pow(add(square(a), 0.5), [0, 1, 2, 3, 0.5, -1][k % 6]!),
  ({ a }) => neg(a),
  ({ a }) => sin(a),
  ({ a }) => cos(a),
  ({ a }) => tanh(a),
  ({ a }) => sigmoid(a),
  ({ a }) => relu(a),
  ({ a }) => abs(a),
  ({ a }) => sqrt(add(square(a), 0.25)),
  ({ a, b }) => maximum(a, b),
  ({ a, b }) => minimum(a, b),
  ({ a, b, c }) => select(greater(a, 0), b, c),
  ({ a, b }) => mul(a, cast(greater(b, 0.125), 'float32')),
  ({ a, k }) => sum(a, axisOf(a, k)),
  ({ a }) =>
    sum(
      a,
      a.shape.map((_, axis) => axis),
    ),
  ({ a, k }) => (sizeOf(a.shape) === 0 ? a : max(a, axisOf(a, k))),
  ({ a, k }, shapes) => reshape(a, shapes[k % shapes.length]!),
  ({ a, k }) => transpose(a, permutation(a, k)),
  ({ a, k }, shapes) => broadcastTo(a, shapes[k % shapes.length]!),
  ({ a, b }) => broadcastTo(a, b.shape),
  ({ a, k }) =>
    slice(
      a,
      a.shape.map((size) => Math.min(size, k % 2)),
      a.shape.map((size) => size - Math.min(size, k % 2)),
    ),
  ({ a, k }) =>
    pad(
      a,
      a.shape.map(() => k % 2),
      a.shape.map(() => (k >> 1) % 2),
    ),
  ({ a, b, k }) => (hasRows(a) ? concat([a, b], k % a.shape.length) : a),
  ({ a, k }) => reverse(a, axisOf(a, k)),
  ({ a, k }) =>
    tile(
      a,
      a.shape.map((_, axis) => (axis === k % 2 ? 2 : 1)),
    ),
  ({ a, b, k }) => matMul(a, b, k % 2 === 1, k % 4 > 1),
  ({ a, k }) => (hasRows(a) ? gather(a, indices(a.graph, [k % a.shape[0]!, 0]), 0) : a),
  ({ a, k }) => {
    if (!hasRows(a)) return a;
    const positions = a.shape
      .slice(0, 1)
      .flatMap((rows) => Array.from({ length: rows }, (_, row) => (row * k) % rows));
    return scatterAdd(a, indices(a.graph, positions), 0, a.shape);
  },
  ({ a }) => stopGradient(a),
  ({ a, b, k }) => {
    const body = (_: Node, [x]: readonly Node[]) => [tanh(add(mul(x!, b), 0.5))];
    return loop(a.graph, constant(a.graph, k % 4, [], 'int32'), [a], body)[0]!;
  },
];

const pick = fc.nat({ max: 1_000 });
export const instruction: fc.Arbitrary<Instruction> = fc.record({
  operation: fc.nat({ max: operations.length - 1 }),
  a: pick,
  b: pick,
  c: pick,
  k: fc.nat({ max: 11 }),
});

/**
 * The values that a program of instructions makes out of inputs of the given shapes, and numbers for
 * these; instructions that do not fit their operands make none.
 */
export function buildGraph(
  program: readonly Instruction[],
  shapes: readonly Shape[],
): { leaves: Node[]; nodes: Node[]; given: Arrays64 } {
  const graph = createGraph();
  const random = numbersFrom(5);
  const leaves = shapes.map((shape, index) => input(graph, `x${index}`, shape));
  const given: Arrays64 = new Map(
    leaves.map((node) => [node, Float64Array.from(random(node.shape), Math.fround)]),
  );
  const nodes: Node[] = [...leaves, constant(graph, 0, [2, 3]), constant(graph, 1, [3])];
  for (const { operation, a, b, c, k } of program) {
    // The newest are picked most, so that expressions grow deep.
    const at = (index: number) => nodes[nodes.length - 1 - (index % Math.min(nodes.length, 14))]!;
    try {
      const node = operations[operation]!({ a: at(a), b: at(b), c: at(c), k }, shapes);
      if (sizeOf(node.shape) <= 60) nodes.push(node);
    } catch (thrown) {
      if (!(thrown instanceof ProblemError)) throw thrown;
    }
  }
  return { leaves, nodes: nodes.slice(leaves.length), given };
}
