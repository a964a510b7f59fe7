import { type Node, substitute, topologicalOrder } from '../graph/graph';
import { input, uniformValue } from '../graph/ops/build';
import type { Program } from '../graph/program';
import { allNodes } from '../graph/rewrite';
import { sameShape, sizeOf } from '../graph/shape';

/** A state tensor as a part of a vector. */
interface PackedPart {
  readonly name: string;
  readonly begin: number;
  readonly size: number;
}

/** State tensors that lie in one vector, one after the other. */
export interface PackedState {
  /** The state leaf of the packed program that stands for all of them. */
  readonly leaf: Node;
  readonly parts: readonly PackedPart[];
  /** Numbers between them that are no state: the same before each run, whatever the run before left. */
  readonly fillings: readonly {
    readonly begin: number;
    readonly size: number;
    readonly value: number;
  }[];
}

/**
 * The same program with fewer state tensors: those that it uses only as one vector, and whose next
 * values it cuts out of one, are kept as that vector. An optimizer moves all parameters at once, and
 * each tensor that is handed to a runtime and back costs some microseconds a step, however small.
 *
 * @returns the program, whose state is what was left alone and the vectors
 */
export function packState(program: Program): { program: Program; packed: readonly PackedState[] } {
  const names = Object.keys(program.outputs);
  const results = [...Object.values(program.outputs), ...Object.values(program.nextState)];
  const users = usersOf(results);
  const replaced = new Map<Node, Node>();
  const next = new Map(Object.entries(program.nextState));
  const packed: PackedState[] = [];
  for (const node of topologicalOrder(results)) {
    const layout = layoutOf(node, program, users);
    const vector = layout && nextVector(node, layout.parts, program);
    if (vector === undefined) continue;
    const name = `packed state ${packed.length}`;
    const leaf = input(node.graph, name, node.shape);
    packed.push({ leaf, ...layout! });
    replaced.set(node, leaf);
    for (const part of layout!.parts) next.delete(part.name);
    next.set(name, vector);
  }
  const nextNames = [...next.keys()];
  const made = substitute([...Object.values(program.outputs), ...next.values()], replaced);
  const named = (keys: readonly string[], first: number) =>
    Object.fromEntries(keys.map((key, index) => [key, made[first + index]!]));
  const gone = new Set(packed.flatMap(({ parts }) => parts.map(({ name }) => name)));
  return {
    program: {
      ...program,
      state: [
        ...program.state.filter((node) => !gone.has(nameOf(node))),
        ...packed.map(({ leaf }) => leaf),
      ],
      outputs: named(names, 0),
      nextState: named(nextNames, names.length),
    },
    packed,
  };
}

function nameOf(node: Node): string {
  return node.params.name!;
}

/** How often each node is an input of another, loop bodies' included, or a result. */
function usersOf(results: readonly Node[]): ReadonlyMap<Node, number> {
  const users = new Map<Node, number>();
  const used = [...allNodes(results).flatMap((node) => node.inputs), ...results];
  for (const node of used) users.set(node, (users.get(node) ?? 0) + 1);
  return users;
}

/** What a vector is made of, if that is state that nothing else uses, and constants. */
function layoutOf(
  node: Node,
  { state }: Program,
  users: ReadonlyMap<Node, number>,
): Pick<PackedState, 'parts' | 'fillings'> | undefined {
  if (node.op.name !== 'concat' || node.shape.length !== 1 || node.dtype !== 'float32') {
    return undefined;
  }
  const parts: PackedPart[] = [];
  const fillings: { begin: number; size: number; value: number }[] = [];
  let begin = 0;
  for (const each of node.inputs) {
    const size = sizeOf(each.shape);
    const leaf = withoutReshape(each);
    const value = uniformValue(each);
    const isOnlyHere = users.get(each) === 1 && users.get(leaf) === 1;
    if (value !== undefined) fillings.push({ begin, size, value });
    else if (isOnlyHere && state.includes(leaf)) parts.push({ name: nameOf(leaf), begin, size });
    else return undefined;
    begin += size;
  }
  return parts.length > 1 ? { parts, fillings } : undefined;
}

/** The vector that the next values of all parts are cut out of, at the places where they lie now. */
function nextVector(
  { shape }: Node,
  parts: readonly PackedPart[],
  { nextState }: Program,
): Node | undefined {
  let vector: Node | undefined;
  for (const { name, begin } of parts) {
    const cut = withoutReshape(nextState[name]!);
    const source = cut.inputs[0];
    const isThere = cut.op.name === 'slice' && cut.params.begin![0] === begin;
    if (!isThere || (vector !== undefined && source !== vector)) return undefined;
    vector = source;
  }
  return vector !== undefined && sameShape(vector.shape, shape) ? vector : undefined;
}

function withoutReshape(node: Node): Node {
  return node.op.name === 'reshape' ? node.inputs[0]! : node;
}
