import type { Arrays } from '../trainer-worker/graph/execution';
import { type Body, type Graph, type Node, topologicalOrder } from '../trainer-worker/graph/graph';
import {
  constant,
  input,
  loopNode,
  loopResult,
  parameter,
} from '../trainer-worker/graph/ops/build';
import type { Program } from '../trainer-worker/graph/program';
import { runOnOnnx } from '../trainer-worker/graph/run-onnx';
import { sizeOf } from '../trainer-worker/graph/shape';
import { createGraph } from '../trainer-worker/graph/trace';

const productNames = new Set(['matMul', 'convolve', 'convolveInput', 'convolveFilter']);

/**
 * A program's matrix products and convolutions and nothing else, on arbitrary numbers: what its step
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
  const operand = (node: Node): Node => {
    const name = `operand ${graph.uniqueNumber()}`;
    feeds[name] = Float32Array.from({ length: sizeOf(node.shape) }, (_, i) => (i % 7) / 7 - 0.4);
    return input(graph, name, node.shape);
  };
  const outputs: Node[] = [];
  const results = [...Object.values(program.outputs), ...Object.values(program.nextState)];
  const order = topologicalOrder(results);
  outputs.push(...order.filter(isProduct).map((node) => rebuild(graph, node, operand)));
  for (const node of order) {
    const body = node.attributes['body'] as Body | undefined;
    const products = topologicalOrder(body?.results ?? []).filter(isProduct);
    if (products.length > 0) outputs.push(...repeat(graph, products, operand, repetitions));
  }
  const inputs = topologicalOrder(outputs).filter((node) => node.row.name === 'input');
  const bare: Program = {
    inputs,
    state: [],
    noise: [],
    outputs: Object.fromEntries(outputs.map((node, index) => [`product ${index}`, node])),
    nextState: {},
    warnings: [],
  };
  const execution = await runOnOnnx(bare);
  return {
    run: async () => {
      await execution.run(feeds satisfies Arrays, { seed: 0, step: 0 });
    },
    dispose: () => execution.dispose(),
  };
}

const isProduct = (node: Node) => productNames.has(node.row.name);

function rebuild(graph: Graph, node: Node, operand: (node: Node) => Node): Node {
  return graph.node(node.row.name, node.inputs.map(operand), node.attributes);
}

/** The products as a loop's state, so that each iteration computes them anew. */
function repeat(
  graph: Graph,
  products: readonly Node[],
  operand: (node: Node) => Node,
  repetitions: number,
): Node[] {
  const outside: Node[] = [];
  const captures: Node[] = [];
  const results = products.map((node) =>
    rebuild(graph, node, (wanted) => {
      outside.push(operand(wanted));
      const inner = parameter(graph, wanted.shape, wanted.dtype);
      captures.push(inner);
      return inner;
    }),
  );
  const state = results.map((node) => parameter(graph, node.shape, node.dtype));
  const iteration = parameter(graph, [], 'int32');
  const loop = loopNode(constant(graph, repetitions, [], 'int32'), products.map(operand), outside, {
    iteration,
    state,
    captures,
    results,
  });
  return results.map((_, index) => loopResult(loop, index));
}
