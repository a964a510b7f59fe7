import { type Body, type Node, substitute, topologicalOrder } from './graph';

/** Makes the node that replaces an operation whose inputs have already been replaced. */
export type Rule = (node: Node) => Node;

/** Expressions rebuilt bottom-up by a rule, inside loop bodies too. */
export function rewrite(results: readonly Node[], rule: Rule): Node[] {
  return substitute(results, new Map(), (node, inputs) => {
    const body = node.params.body;
    if (body === undefined) {
      const unchanged = node.inputs.every((input, index) => input === inputs[index]);
      return rule(unchanged ? node : node.graph.node(node.op.name, inputs, node.params));
    }
    const inner: Body = { ...body, results: rewrite(body.results, rule) };
    return rule(node.graph.node(node.op.name, inputs, { ...node.params, body: inner }));
  });
}

/** Every node that running the results computes, inside loop bodies too. */
export function allNodes(results: readonly Node[]): Node[] {
  return topologicalOrder(results).flatMap((node) => {
    const body = node.params.body;
    return body === undefined ? [node] : [...allNodes(body.results), node];
  });
}
