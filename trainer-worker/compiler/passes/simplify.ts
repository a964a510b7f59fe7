import { type Body, type Node, topologicalOrder, type Values } from '../graph/graph';
import { hoistInvariants, sinkFreeCaptures, withoutUnusedCaptures } from '../graph/loop';
import { constant, uniformValue, valuesOf } from '../graph/ops/build';
import { sizeOf, stridesOf } from '../graph/shape';

/** Larger constants are left to be computed at run time: programs stay small. */
const largestFolded = 4096;

/**
 * The same values by less work: constants folded, each operation's algebra applied until nothing changes,
 * equal expressions shared (the graph does that by itself), dead code left behind.
 *
 * Runs after all differentiation: it drops what only differentiation needs, such as `stopGradient`.
 * Results may differ from the unsimplified ones in the last bits, because sums and products are
 * regrouped; they do not depend on the backend or the run.
 */
export function simplify(results: readonly Node[]): Node[] {
  const done = new Map<Node, Node>();
  const simplified = (roots: readonly Node[]): Node[] => {
    for (const node of topologicalOrder(roots, done)) {
      // Simplifying one node may have settled others of this list.
      if (!done.has(node)) done.set(node, simplest(node, simplified, done));
    }
    return roots.map((root) => done.get(root)!);
  };
  return simplified(results);
}

/** The values of a node that do not depend on what a program is fed, and undefined of all others. */
export function knownValues(node: Node): Values | undefined {
  const leaves = topologicalOrder([node]).filter(({ inputs }) => inputs.length === 0);
  if (!leaves.every(({ op }) => op.leaf === 'constant')) return undefined;
  const [folded] = simplify([node]) as [Node];
  const uniform = uniformValue(folded);
  if (uniform === undefined) return folded.params.values;
  return valuesOf(folded.dtype, new Array<number>(sizeOf(folded.shape)).fill(uniform));
}

function simplest(
  node: Node,
  simplified: (roots: readonly Node[]) => Node[],
  done: Map<Node, Node>,
): Node {
  const inputs = node.inputs.map((input) => done.get(input)!);
  const body = node.params.body;
  if (body !== undefined) {
    const inner: Body = { ...body, results: simplified(body.results) };
    const params = { ...node.params, body: inner };
    const loop = withoutUnusedCaptures(node.graph.node(node.op.name, inputs, params));
    const better = hoistInvariants(loop) ?? sinkFreeCaptures(loop);
    return better === undefined ? loop : simplified([better])[0]!;
  }
  const rebuilt = inputs.every((input, index) => input === node.inputs[index])
    ? node
    : node.graph.node(node.op.name, inputs, node.params);
  const known = done.get(rebuilt);
  if (known !== undefined) return known;
  const better =
    withoutElements(rebuilt) ?? foldConstants(rebuilt) ?? rebuilt.op.simplify?.(rebuilt);
  const result = better === undefined || better === rebuilt ? rebuilt : simplified([better])[0]!;
  done.set(rebuilt, result);
  done.set(result, result);
  return result;
}

/** Nothing needs no computing; some native kernels even crash on it. */
function withoutElements(node: Node): Node | undefined {
  if (sizeOf(node.shape) > 0 || node.inputs.length === 0) return undefined;
  return constant(node.graph, valuesOf(node.dtype, []), node.shape, node.dtype);
}

/** An elementwise operation on constants, computed now. */
function foldConstants(node: Node): Node | undefined {
  const { scalar } = node.op;
  if (scalar === undefined || node.inputs.length === 0) return undefined;
  const uniform = node.inputs.map(uniformValue);
  if (uniform.every((value) => value !== undefined)) {
    const value = scalar(...uniform);
    return constant(node.graph, roundTo(node, value), node.shape, node.dtype);
  }
  const operands = node.inputs.map(constantValues);
  if (!operands.every((operand) => operand !== undefined)) return undefined;
  const size = sizeOf(node.shape);
  if (size > largestFolded) return undefined;
  const strides = stridesOf(node.shape);
  const values = Array.from({ length: size }, (_, index) => {
    const position = strides.map((stride, axis) => Math.floor(index / stride) % node.shape[axis]!);
    const value = scalar(...operands.map((operand) => operand.at(position)));
    return roundTo(node, value);
  });
  return constant(node.graph, valuesOf(node.dtype, values), node.shape, node.dtype);
}

/** What the node's dtype can hold; typed arrays would truncate silently on the way. */
function roundTo(node: Node, value: number): number {
  return node.dtype === 'float32' ? Math.fround(value) : Math.trunc(value);
}

interface ConstantOperand {
  /** The element that broadcasting shows at a position of the result. */
  at(position: readonly number[]): number;
}

function constantValues(node: Node): ConstantOperand | undefined {
  const uniform = uniformValue(node);
  if (uniform !== undefined) return { at: () => uniform };
  const values = node.params.values;
  if (values === undefined) return undefined;
  const strides = stridesOf(node.shape);
  return {
    at: (position) => {
      const skipped = position.length - node.shape.length;
      const index = node.shape.reduce(
        (offset, size, axis) =>
          offset + (size === 1 ? 0 : position[axis + skipped]! * strides[axis]!),
        0,
      );
      return values[index]!;
    },
  };
}

/** A graph's size, for messages and tests: nodes that running the results evaluates once. */
export function countNodes(results: readonly Node[]): number {
  return topologicalOrder(results).length;
}
