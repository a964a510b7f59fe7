import { type Node, substitute, topologicalOrder } from '../graph/graph';
import { unroll } from '../graph/loop';
import { add, constant, parameter } from '../graph/ops/build';

/** Gradients and what they could not reach. */
export interface Gradients {
  /** One for each source, of the source's shape. */
  readonly gradients: readonly Node[];
  /** Positions of sources that the results do not depend on; their gradients are zeros. */
  readonly unreached: readonly number[];
}

/**
 * Vector-Jacobian product: Σ_i dy_i · ∂y_i/∂x for each source x, by reverse accumulation. The result
 * is a graph like any other, so it may be differentiated again, to any order.
 *
 * @param results y_i, float32
 * @param seeds dy_i, each of its result's shape
 * @throws ProblemError (`experiment`) where a gradient would flow through a loop of unknown length
 */
export function vjp(
  results: readonly Node[],
  sources: readonly Node[],
  seeds: readonly Node[],
): Gradients {
  const unrolled = unrollLoopsWithGradient(results, sources);
  const active = activeNodes(unrolled, sources);
  const adjoints = new Map<Node, Node>();
  const accumulate = (node: Node, g: Node) => {
    const known = adjoints.get(node);
    adjoints.set(node, known === undefined ? g : add(known, g));
  };
  unrolled.forEach((result, index) => {
    accumulate(result, seeds[index]!);
  });
  for (const node of topologicalOrder(unrolled).reverse()) {
    const g = adjoints.get(node);
    if (g === undefined || !active.has(node) || sources.includes(node)) continue;
    node.graph.at(node, () => {
      node.op.vjp?.(g, node).forEach((contribution, index) => {
        const input = node.inputs[index]!;
        if (contribution !== undefined && active.has(input)) accumulate(input, contribution);
      });
    });
  }
  const unreached: number[] = [];
  const gradients = sources.map((source, index) => {
    const g = active.has(source) ? adjoints.get(source) : undefined;
    if (g !== undefined) return g;
    unreached.push(index);
    return constant(source.graph, 0, source.shape);
  });
  return { gradients, unreached };
}

/** Nodes on a differentiable path from a source to a result, the sources on it included. */
function activeNodes(results: readonly Node[], sources: readonly Node[]): Set<Node> {
  const wanted = new Set(sources);
  const active = new Set<Node>();
  for (const node of topologicalOrder(results)) {
    const carries =
      node.dtype === 'float32' &&
      (wanted.has(node) ||
        (node.op.vjp !== undefined && node.inputs.some((input) => active.has(input))));
    // A loop node carries what enters it, though it has no values of its own.
    const loops = 'body' in node.params && node.inputs.some((input) => active.has(input));
    if (carries || loops) active.add(node);
  }
  return active;
}

/** Those of some active nodes from which a path of active nodes leads on to a result. */
function nodesWithGradient(results: readonly Node[], active: ReadonlySet<Node>): Set<Node> {
  const reached = new Set(results.filter((result) => active.has(result)));
  for (const node of topologicalOrder(results).reverse()) {
    if (!reached.has(node)) continue;
    for (const input of node.inputs) if (active.has(input)) reached.add(input);
  }
  return reached;
}

/**
 * Loops that a gradient must flow through, written out where their length is known. A loop that the
 * sources enter but whose results no gradient comes back to, as chains that end in `stopGradient`,
 * stays: written out as well, it would be computed twice.
 */
function unrollLoopsWithGradient(
  results: readonly Node[],
  sources: readonly Node[],
): readonly Node[] {
  const active = nodesWithGradient(results, activeNodes(results, sources));
  if (![...active].some((node) => 'body' in node.params)) return results;
  const written = new Map<Node, readonly Node[] | undefined>();
  const rebuilt = substitute(results, new Map(), (node, inputs) => {
    const loop = node.inputs[0];
    if (loop !== undefined && 'body' in loop.params && active.has(loop)) {
      const current = inputs[0]!;
      if (!written.has(current)) written.set(current, unroll(current));
      const values = written.get(current);
      if (values !== undefined) return values[node.params.index!]!;
    }
    return node.inputs.every((input, index) => input === inputs[index])
      ? node
      : node.graph.node(node.op.name, inputs, node.params);
  });
  // A body may hold loops in its turn.
  return written.size > 0 && [...written.values()].some((values) => values !== undefined)
    ? unrollLoopsWithGradient(rebuilt, sources)
    : rebuilt;
}

/** Gradient of a result (of its sum, where it is not a scalar) in each source. */
export function grad(result: Node, sources: readonly Node[]): Gradients {
  return vjp([result], sources, [constant(result.graph, 1, result.shape)]);
}

/** A scalar result with its gradients. */
export function valueAndGrad(
  result: Node,
  sources: readonly Node[],
): Gradients & { readonly value: Node } {
  return { value: result, ...grad(result, sources) };
}

/**
 * Jacobian-vector product Σ_j ∂y/∂x_j · v_j for each result: the vector-Jacobian product is linear in
 * its seed, and the derivative of that linear map, transposed, is the product wanted.
 */
export function jvp(
  results: readonly Node[],
  sources: readonly Node[],
  tangents: readonly Node[],
): Node[] {
  const seeds = results.map((result) => parameter(result.graph, result.shape, result.dtype));
  const { gradients } = vjp(results, sources, seeds);
  return [...vjp(gradients, seeds, tangents).gradients];
}

/** Hessian-vector product of a scalar: the derivative of its gradient along v, one for each source. */
export function hessianVectorProduct(
  result: Node,
  sources: readonly Node[],
  vectors: readonly Node[],
): Node[] {
  // The Hessian is symmetric, so its product with v is the gradient of <gradient, v>.
  return [...vjp(grad(result, sources).gradients, sources, vectors).gradients];
}
