import { type Graph, type Node, type Params, topologicalOrder } from './graph';
import type { Program } from './program';

/**
 * A program as data that the structured clone algorithm carries to another process. Shared parts stay
 * shared.
 */
export interface PlainProgram {
  readonly nodes: readonly {
    readonly operation: string;
    /** Positions among the nodes, all before this one. */
    readonly inputs: readonly number[];
    readonly params: object;
  }[];
  /** The program with references in the place of its nodes. */
  readonly program: object;
}

/** What stands for a node. */
interface Reference {
  readonly nodeAt: number;
}

/** Takes a program apart. */
export function plainProgram(program: Program): PlainProgram {
  // In the order of construction whatever a node is made of comes before it, bodies of loops too.
  const nodes = [...reached(program)].sort((a, b) => a.id - b.id);
  const positions = new Map(nodes.map((node, position) => [node, position]));
  const replace = replacer((value) =>
    isNode(value) ? ({ nodeAt: positions.get(value)! } satisfies Reference) : undefined,
  );
  return {
    nodes: nodes.map(({ op, inputs, params }) => ({
      operation: op.name,
      inputs: inputs.map((input) => positions.get(input)!),
      params: replace(params),
    })),
    program: replace(program),
  };
}

/**
 * Puts a program together again.
 *
 * @param graph an empty one
 */
export function programOf({ nodes, program }: PlainProgram, graph: Graph): Program {
  const built: Node[] = [];
  const replace = replacer((value) =>
    'nodeAt' in value ? built[(value as Reference).nodeAt] : undefined,
  );
  for (const { operation, inputs, params } of nodes) {
    const made = inputs.map((position) => built[position]!);
    built.push(graph.node(operation, made, replace(params) as Params));
  }
  return replace(program) as unknown as Program;
}

const isNode = (value: object): value is Node => 'op' in value && 'graph' in value;

/** All nodes that a value holds, and those that they are made of. */
function reached(value: object): Set<Node> {
  const found = new Set<Node>();
  const held: Node[] = [];
  const visit = replacer((part) => {
    if (!isNode(part)) return undefined;
    held.push(part);
    return part;
  });
  visit(value);
  for (let root = held.pop(); root !== undefined; root = held.pop()) {
    for (const node of topologicalOrder([root], found)) {
      found.add(node);
      visit(node.params);
    }
  }
  return found;
}

/**
 * Copies values of arrays and plain objects with some parts replaced; what was one object stays one.
 *
 * @param replacement what an object becomes; undefined: a copy of itself
 */
function replacer(replacement: (value: object) => object | undefined): (value: object) => object {
  const copies = new Map<object, object>();
  const copy = (value: object): object => {
    const known = copies.get(value);
    if (known !== undefined) return known;
    const copied = replacement(value) ?? copyOf(value);
    copies.set(value, copied);
    return copied;
  };
  const copyOf = (value: object): object => {
    if (ArrayBuffer.isView(value)) return value;
    const part = (one: unknown) => (typeof one === 'object' && one !== null ? copy(one) : one);
    if (Array.isArray(value)) return value.map(part);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, part(one)]));
  };
  return copy;
}
