import { ProblemError, type SourceLocation } from '../../../protocol/problem';
import { type Arithmetic, newestArithmetic } from '../../../protocol/run';
import type { Op } from './ops/op';
import { type DType, formatShape, type Shape } from './shape';

/** Distributions that noise is drawn from. */
export type NoiseKind = 'normal' | 'uniform' | 'rademacher';

/** Values of a constant, one array type for each type of numbers. */
export type Values = Float32Array | Int32Array | Uint8Array;

/**
 * What distinguishes two nodes with the same operation and inputs. An operation has some of these, always
 * the same ones, and each means the same in all operations that have it.
 */
export interface Params {
  /** What an input is called, by which it is fed. */
  readonly name?: string;
  /** What tells parameters of loops apart. */
  readonly number?: number;
  /** The result's, where the inputs do not say it. */
  readonly shape?: Shape;
  readonly dtype?: DType;
  /** The numbers of a constant. */
  readonly values?: Values;
  readonly axis?: number;
  readonly axes?: readonly number[];
  /** Which axis of the input each axis of the result is. */
  readonly permutation?: readonly number[];
  /** Where a slice begins, and how long it is, along each axis. */
  readonly begin?: readonly number[];
  readonly size?: readonly number[];
  /** How much is added at the ends of each axis, and what. */
  readonly before?: readonly number[];
  readonly after?: readonly number[];
  readonly value?: number;
  /** How many elements are wanted. */
  readonly k?: number;
  readonly exclusive?: boolean;
  readonly reverse?: boolean;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** See `ConvolutionGeometry` in `ops/build.ts`. */
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly padding?: readonly number[];
  readonly groups?: number;
  /** Positions at the ends of a transposed convolution that no tap reaches. */
  readonly rest?: readonly number[];
  /** What a loop repeats. */
  readonly body?: Body;
  /** Which result of a loop. */
  readonly index?: number;
  /** Placeholder for the gradient, inside contributions that were written by hand. */
  readonly dy?: Node;
  /** Of noise: its distribution, where it begins, and how often the loops around it are repeated. */
  readonly kind?: NoiseKind;
  readonly stream?: number;
  readonly counts?: readonly Node[];
}

/**
 * One value of a program: an operation applied to other values. Nodes never change; within one
 * graph, equal operations on equal inputs are the same node, so `===` is equality of expressions.
 */
export interface Node {
  readonly graph: Graph;
  /** Position in the order of construction: an input always has a smaller one. */
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Node[];
  readonly params: Params;
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * What a loop repeats. A body is closed: it reaches nothing but its parameters and constants. What
 * it uses from outside is an input of the loop node, named inside by a parameter.
 */
export interface Body {
  /** The int32 scalar that counts iterations from 0. */
  readonly iteration: Node;
  /** State at the start of an iteration, one parameter for each carried value. */
  readonly state: readonly Node[];
  /** Values from outside, the same in every iteration. */
  readonly captures: readonly Node[];
  /** State at the end of an iteration; shapes and dtypes are those of `state`. */
  readonly results: readonly Node[];
}

/** Operations by name; the table of `ops/table.ts`. */
export type OperationTable = ReadonlyMap<string, Op>;

function refuseWithoutPlace(message: string, remedy: string): never {
  throw new ProblemError({ kind: 'experiment', message, remedy });
}

/** Builds nodes and keeps the one node for each expression (hash-consing). */
export class Graph {
  /**
   * Ends the work on an expression that is refused. The tracer sets it, to tell the place in the
   * user's code; a graph built by the compiler itself has no such place.
   */
  refuse = refuseWithoutPlace;
  /** Which of equal expressions it prefers. */
  readonly arithmetic: Arithmetic;
  /**
   * Where in the user's code nodes are made, where somebody wants to know: to find it takes longer than
   * all else. A derivative is made where what it is of is.
   */
  places: Map<Node, SourceLocation> | undefined;
  /** Where that is now; the tracer sets it. */
  here: () => SourceLocation | undefined = () => undefined;
  readonly #table: OperationTable;
  readonly #nodes = new Map<string, Node>();
  readonly #objectKeys = new WeakMap<object, string>();
  #nextId = 0;
  #nextObject = 0;
  #nextName = 0;

  constructor(table: OperationTable, arithmetic: Arithmetic = newestArithmetic) {
    this.#table = table;
    this.arithmetic = arithmetic;
  }

  /** A number that this graph has not given before: names parameters and noise streams. */
  uniqueNumber(): number {
    return this.#nextName++;
  }

  /**
   * The node for an operation on inputs, made if it does not exist yet.
   *
   * @throws ProblemError (`experiment`) when the operation's shape rule refuses the inputs.
   */
  node(operation: string, inputs: readonly Node[], params: Params = {}): Node {
    const op = this.#table.get(operation);
    if (op === undefined) throw new Error(`There is no operation named ${operation}.`);
    const key = this.#keyOf(operation, inputs, params);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const { shape, dtype } = op.result(inputs, params, (why, remedy) =>
      this.#refuse(op, inputs, why, remedy),
    );
    // Tables of noise are inputs of a length that each run decides.
    if (inputs.length > 0 && !shape.every((size) => Number.isInteger(size) && size >= 0)) {
      this.#refuse(op, inputs, `its result would have the shape ${formatShape(shape)}`);
    }
    const node: Node = {
      graph: this,
      id: this.#nextId++,
      op,
      inputs,
      params,
      shape,
      dtype,
    };
    this.#nodes.set(key, node);
    const place = this.places && this.here();
    if (place) this.places?.set(node, place);
    return node;
  }

  /** What `make` makes, at the place of a node. */
  at<T>(node: Node, make: () => T): T {
    const { places, here } = this;
    if (places === undefined) return make();
    this.here = () => places.get(node);
    try {
      return make();
    } finally {
      this.here = here;
    }
  }

  /** The node for an expression, if it has been built. */
  find(operation: string, inputs: readonly Node[], params: Params = {}): Node | undefined {
    return this.#nodes.get(this.#keyOf(operation, inputs, params));
  }

  #refuse(op: Op, inputs: readonly Node[], why: string, remedy?: string): never {
    const shapes = inputs.map((input) => `${input.dtype} ${formatShape(input.shape)}`);
    return this.refuse(
      `${op.name}(${shapes.join(', ')}) cannot be computed: ${why}.`,
      remedy ?? 'Correct the shapes of the tensors at this place.',
    );
  }

  #keyOf(operation: string, inputs: readonly Node[], params: Params): string {
    let key = operation;
    for (const input of inputs) {
      if (input.graph !== this) throw new Error('An input belongs to another graph.');
      key += ` ${input.id}`;
    }
    for (const name in params) key += `;${name}=${this.#paramKey(params[name as keyof Params])}`;
    return key;
  }

  #paramKey(value: Params[keyof Params]): string {
    if (typeof value !== 'object') return String(value);
    if (ArrayBuffer.isView(value)) {
      // Small constants are equal by content, large ones by identity: hashing megabytes buys nothing.
      return value.length <= 1024
        ? `${value.constructor.name}[${keyOfValues(value)}]`
        : this.#identityOf(value);
    }
    if (Array.isArray(value)) {
      return `[${value.map((item: Params[keyof Params]) => this.#paramKey(item)).join()}]`;
    }
    return 'id' in value && 'op' in value ? `#${(value as Node).id}` : this.#identityOf(value);
  }

  #identityOf(value: object): string {
    let key = this.#objectKeys.get(value);
    if (key === undefined) {
      key = `@${this.#nextObject++}`;
      this.#objectKeys.set(value, key);
    }
    return key;
  }
}

/** Text that tells apart all values, -0 from 0 too (their reciprocals differ). */
function keyOfValues(values: Values): string {
  return Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join();
}

/**
 * All nodes that the given ones are computed from, themselves included, inputs before users.
 *
 * @param known nodes not to list, nor what only they are computed from
 */
export function topologicalOrder(
  results: readonly Node[],
  known: { has(node: Node): boolean } = new Set(),
): Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  // An explicit stack: unrolled chains are deeper than JavaScript's call stack.
  const stack: { node: Node; next: number }[] = [];
  for (const result of results) {
    if (seen.has(result) || known.has(result)) continue;
    seen.add(result);
    stack.push({ node: result, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(input) && !known.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}

/**
 * The results with some nodes replaced, everything above them rebuilt.
 *
 * @param replacements old node to new node, of the same shape and dtype
 * @param rebuild makes the node for an operation on its new inputs; the default keeps it as it is
 */
export function substitute(
  results: readonly Node[],
  replacements: ReadonlyMap<Node, Node>,
  rebuild: (node: Node, inputs: readonly Node[]) => Node = (node, inputs) =>
    node.inputs.every((input, index) => input === inputs[index])
      ? node
      : node.graph.node(node.op.name, inputs, node.params),
): Node[] {
  const rebuilt = new Map(replacements);
  for (const node of topologicalOrder(results, replacements)) {
    const inputs = node.inputs.map((input) => rebuilt.get(input)!);
    rebuilt.set(
      node,
      node.graph.at(node, () => rebuild(node, inputs)),
    );
  }
  return results.map((result) => rebuilt.get(result)!);
}
