import { type Graph, type Node, topologicalOrder } from '../trainer-worker/compiler/graph/graph';
import {
  constant,
  input,
  loopNode,
  loopResult,
  parameter,
  slice,
} from '../trainer-worker/compiler/graph/ops/build';
import type { Program } from '../trainer-worker/compiler/graph/program';
import { sizeOf } from '../trainer-worker/compiler/graph/shape';
import { lower } from '../trainer-worker/compiler/passes/lower';
import type { Arrays } from '../trainer-worker/compiler/run/execution';
import { runOnOnnx } from '../trainer-worker/compiler/run/run-onnx';
import { threadsFor } from '../trainer-worker/compiler/shard/threads';
import { createGraph } from '../trainer-worker/compiler/trace/trace';

const productNames = new Set(['matMul', 'conv', 'convTranspose']);

/**
 * A program's matrix products and convolutions, as they are lowered, and nothing else, on arbitrary numbers: what its step
 * cannot do without. Those in a loop are repeated in a loop.
 *
 * @param repetitions iterations of the loops
 * @returns does all of them once
 */
export async function bareProducts(
  program: Program,
  repetitions: number,
): Promise<{ run(): Promise<void>; dispose(): Promise<void> }> {
  const graph = createGraph();
  const feeds: Record<string, Float32Array> = {};
  const arrays = new Map<number, Float32Array>();
  const operand = (node: Node): Node => {
    const name = `operand ${graph.uniqueNumber()}`;
    // In the step, operands come out of other operations and are in the caches: share their memory.
    const size = sizeOf(node.shape);
    const values = arrays.get(size) ?? Float32Array.from({ length: size }, (_, i) => (i % 7) / 9);
    arrays.set(size, values);
    feeds[name] = values;
    return input(graph, name, node.shape);
  };
  const outputs: Node[] = [];
  const results = lower(
    [...Object.values(program.outputs), ...Object.values(program.nextState)],
    'processor',
  );
  const order = topologicalOrder(results);
  outputs.push(...order.filter(isProduct).map((node) => rebuild(graph, node, operand)));
  for (const node of order) {
    const body = node.params.body;
    const products = topologicalOrder(body?.results ?? []).filter(isProduct);
    if (products.length > 0) outputs.push(...repeat(graph, products, operand, repetitions));
  }
  const inputs = topologicalOrder(outputs).filter((node) => node.op.name === 'input');
  const bare: Program = {
    inputs,
    state: [],
    noise: [],
    outputs: Object.fromEntries(outputs.map((node, index) => [`product ${index}`, corner(node)])),
    nextState: {},
    warnings: [],
  };
  const execution = await runOnOnnx(bare, {}, { threads: threadsFor(program) });
  return {
    run: async () => {
      await execution.run(feeds satisfies Arrays, { seed: 0, step: 0 });
    },
    dispose: () => execution.dispose(),
  };
}

/** One number of a product: handing out all of it would be work that the step does not do. */
function corner(node: Node): Node {
  const first = node.shape.map(() => 0);
  return slice(
    node,
    first,
    node.shape.map(() => 1),
  );
}

const isProduct = (node: Node) => productNames.has(node.op.name);

function rebuild(graph: Graph, node: Node, operand: (node: Node) => Node): Node {
  return graph.node(node.op.name, node.inputs.map(operand), node.params);
}

/**
 * The products as a loop's state, so that each iteration computes them anew. Their left operands are
 * carried along too, one for each shape: what does not change would be computed once, before the loop.
 */
function repeat(
  graph: Graph,
  products: readonly Node[],
  operand: (node: Node) => Node,
  repetitions: number,
): Node[] {
  const outside: Node[] = [];
  const captures: Node[] = [];
  const carried = new Map<string, { start: Node; inner: Node }>();
  const carry = (like: Node): Node => {
    const key = like.shape.join();
    const inner = carried.get(key)?.inner ?? parameter(graph, like.shape, like.dtype);
    if (!carried.has(key)) carried.set(key, { start: operand(like), inner });
    return inner;
  };
  const capture = (like: Node): Node => {
    const inner = parameter(graph, like.shape, like.dtype);
    outside.push(operand(like));
    captures.push(inner);
    return inner;
  };
  const results = products.map((node) =>
    graph.node(
      node.op.name,
      node.inputs.map((input, index) => (index === 0 ? carry(input) : capture(input))),
      node.params,
    ),
  );
  const kept = [...carried.values()];
  const starts = results.map((node) => parameter(graph, node.shape, node.dtype));
  const loop = loopNode(
    constant(graph, repetitions, [], 'int32'),
    [...products.map(operand), ...kept.map(({ start }) => start)],
    outside,
    {
      iteration: parameter(graph, [], 'int32'),
      state: [...starts, ...kept.map(({ inner }) => inner)],
      captures,
      results: [...results, ...kept.map(({ inner }) => inner)],
    },
  );
  return results.map((_, index) => loopResult(loop, index));
}
