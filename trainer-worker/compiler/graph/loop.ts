import { type Body, type Graph, type Node, substitute, topologicalOrder } from './graph';
import { constant, loopNode, loopResult, parameter } from './ops/build';

/**
 * Repeats `body` `count` times, carrying state. Values from outside are computed once, before the
 * loop: nothing in the body that does not depend on the iteration is repeated.
 *
 * A gradient through the loop unrolls it, which needs a constant count; through a loop whose count
 * is a run-time input it is refused (the states of all iterations would have to be kept, and no
 * method here needs it: chains end in `stopGradient`).
 *
 * @param count int32 scalar: a constant, or an input where the count is known only at run time
 * @param body state at the end of an iteration from the state at its start; shapes must agree
 */
export function loop(
  graph: Graph,
  count: Node,
  initial: readonly Node[],
  body: (iteration: Node, state: readonly Node[]) => readonly Node[],
): Node[] {
  const iteration = parameter(graph, [], 'int32');
  const state = initial.map((value) => parameter(graph, value.shape, value.dtype));
  const { captured, closed } = close({
    iteration,
    state,
    captures: [],
    results: body(iteration, state),
  });
  const node = loopNode(count, initial, captured, closed);
  return initial.map((_, index) => loopResult(node, index));
}

/** Names what a body uses from outside: closure conversion. Leaves need no name. */
function close(body: Body): { captured: Node[]; closed: Body } {
  const inside = new Set<Node>([body.iteration, ...body.state]);
  const captured = new Map<Node, Node>();
  const capture = (node: Node) => {
    if (inside.has(node) || captured.has(node) || isGlobal(node)) return;
    captured.set(node, parameter(node.graph, node.shape, node.dtype));
  };
  for (const node of topologicalOrder(body.results)) {
    if (node.inputs.some((input) => inside.has(input))) {
      inside.add(node);
      node.inputs.forEach(capture);
    }
  }
  body.results.forEach(capture);
  const results = substitute(body.results, captured);
  return {
    captured: [...captured.keys()],
    closed: { ...body, captures: [...captured.values()], results },
  };
}

/** Inputs and constants are visible everywhere; parameters belong to one body. */
function isGlobal(node: Node): boolean {
  return node.inputs.length === 0 && node.op.leaf !== 'parameter';
}

/** A loop's inputs by what they are for. */
export function loopInputs(node: Node): { count: Node; state: Node[]; captures: Node[] } {
  const body = node.params.body!;
  const [count, ...rest] = node.inputs;
  return {
    count: count!,
    state: rest.slice(0, body.state.length),
    captures: rest.slice(body.state.length),
  };
}

/** The results of a loop with a constant count, written out; undefined where the count is an input. */
export function unroll(node: Node): readonly Node[] | undefined {
  const body = node.params.body!;
  const { count, state: initial, captures } = loopInputs(node);
  const values = count.params.values;
  if (values === undefined) return undefined;
  let state: readonly Node[] = initial;
  for (let iteration = 0; iteration < values[0]!; iteration++) {
    const replacements = new Map<Node, Node>([
      [body.iteration, constant(node.graph, iteration, [], 'int32')],
    ]);
    body.state.forEach((start, index) => {
      replacements.set(start, state[index]!);
    });
    body.captures.forEach((inner, index) => {
      replacements.set(inner, captures[index]!);
    });
    state = substitute(body.results, replacements);
  }
  return state;
}

/** Drops from a loop what its body no longer uses. */
export function withoutUnusedCaptures(node: Node): Node {
  const body = node.params.body!;
  const used = new Set(topologicalOrder(body.results));
  const kept = body.captures.map((inner) => used.has(inner));
  if (kept.every(Boolean)) return node;
  const { count, state, captures } = loopInputs(node);
  return loopNode(
    count,
    state,
    captures.filter((_, index) => kept[index]),
    { ...body, captures: body.captures.filter((_, index) => kept[index]) },
  );
}

/**
 * Repeats in the body what is free there, capturing what it is made of instead; what simplification
 * has made a constant or an input needs no capture at all.
 */
export function sinkFreeCaptures(node: Node): Node | undefined {
  const body = node.params.body!;
  const { count, state, captures } = loopInputs(node);
  if (!captures.some((value) => value.op.free || isGlobal(value))) return undefined;
  const inner = new Map<Node, Node>();
  const outside: Node[] = [];
  const parameters: Node[] = [];
  const capture = (value: Node): Node => {
    if (isGlobal(value)) return value;
    const named = parameter(value.graph, value.shape, value.dtype);
    outside.push(value);
    parameters.push(named);
    return named;
  };
  body.captures.forEach((old, index) => {
    const value = captures[index]!;
    inner.set(
      old,
      value.op.free
        ? value.graph.node(value.op.name, value.inputs.map(capture), value.params)
        : capture(value),
    );
  });
  const results = substitute(body.results, inner);
  return loopNode(count, state, outside, { ...body, captures: parameters, results });
}

/**
 * Computes before the loop what its body would compute anew in each iteration with the same result:
 * simplification and lowering make such expressions long after the loop was closed.
 *
 * @returns undefined where there is nothing to move
 */
export function hoistInvariants(node: Node): Node | undefined {
  const body = node.params.body!;
  const { count, state, captures } = loopInputs(node);
  const order = topologicalOrder(body.results);
  const varying = new Set<Node>([body.iteration, ...body.state]);
  for (const inner of order)
    if (inner.inputs.some((input) => varying.has(input))) varying.add(inner);
  const moved = new Map<Node, Node>();
  const move = (inner: Node) => {
    if (varying.has(inner) || moved.has(inner) || inner.inputs.length === 0) return;
    // What is free is not worth a capture. (Noise in a loop varies: it depends on the iteration.)
    if (inner.op.free) inner.inputs.forEach(move);
    else moved.set(inner, parameter(inner.graph, inner.shape, inner.dtype));
  };
  for (const inner of order) if (varying.has(inner)) inner.inputs.forEach(move);
  body.results.forEach(move);
  if (moved.size === 0) return undefined;
  const outside = new Map(body.captures.map((inner, index) => [inner, captures[index]!]));
  return loopNode(count, state, [...captures, ...substitute([...moved.keys()], outside)], {
    ...body,
    captures: [...body.captures, ...moved.values()],
    results: substitute(body.results, moved),
  });
}
