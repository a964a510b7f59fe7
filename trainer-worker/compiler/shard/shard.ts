import { type Body, type Node, substitute, topologicalOrder } from '../graph/graph';
import { loopInputs } from '../graph/loop';
import {
  add,
  concat,
  input,
  loopNode,
  loopResult,
  parameter,
  uniformValue,
} from '../graph/ops/build';
import type { Program } from '../graph/program';
import { type Sharding, shapeOfShard } from '../graph/sharding';

/** An input of a program as its shards see it. */
interface ShardLeaf {
  /** The program's input, state or noise table, or a constant. */
  readonly whole: Node;
  /** What the shard program calls its part. */
  readonly part: Node;
  readonly sharding: Exclude<Sharding, 'partial'>;
}

/** A value that the shards compute and the rest of the program uses. */
interface Crossing {
  /** The output of the shard program. */
  readonly name: string;
  readonly part: Node;
  /** The inputs of the rest that take it in, one for each shard. */
  readonly inputs: readonly Node[];
}

/** A program of which most is computed by several shards, each on its rows of the batch. */
export interface ShardedProgram {
  readonly shards: number;
  /** What a shard is fed with. */
  readonly leaves: readonly ShardLeaf[];
  readonly crossings: readonly Crossing[];
  /** What is computed once, from what the shards made: all outputs and the next state. */
  readonly rest: Program;
  /** The nodes that a shard computes. */
  readonly parts: readonly Node[];
}

/**
 * Shares the rows of a batch out. Every value is followed from the inputs on: what depends on some rows
 * alone is computed by the shard that has them, what sums over rows by each shard over its own, and what
 * needs all rows at once (a softmax over the batch, an update of parameters) in the rest of the program,
 * after the shards. Nothing is assumed of the program: an axis that only happens to be as long as the
 * batch costs speed, never correctness. Sums over rows are regrouped, so results depend on the number of
 * shards in the last bits.
 *
 * @param batch the number of rows; inputs and noise whose first axis is so long, or a multiple of it, are
 *   cut along it
 * @param shards how many; divides `batch`
 */
export function shardProgram(program: Program, batch: number, shards: number): ShardedProgram {
  const sharder = new Sharder(program, batch, shards);
  const names = [...Object.keys(program.outputs), ...Object.keys(program.nextState)];
  const results = [...Object.values(program.outputs), ...Object.values(program.nextState)];
  const crossing = new Map<Node, Crossing>();
  const joined = new Map<Node, Node>();
  const cross = (node: Node) => {
    const placed = sharder.placed(node);
    // What no shard computes in a way of its own is computed again where it is used.
    if (placed === undefined || placed.part === node) return;
    // So is one operation on what crosses anyway: cheaper than a second value to hand over.
    const isPass = node.op.scalar !== undefined && node.inputs.some((each) => joined.has(each));
    if (isPass && node.inputs.every((each) => joined.has(each) || isWhole(each))) return;
    const name = `crossing ${crossing.size}`;
    const { part, sharding } = placed;
    const inputs = Array.from({ length: shards }, (_, shard) =>
      input(node.graph, `${name} of shard ${shard}`, part.shape, part.dtype),
    );
    crossing.set(node, { name, part, inputs });
    joined.set(node, join(inputs, sharding));
  };
  const isWhole = (node: Node) => sharder.placed(node)?.part === node;
  const order = topologicalOrder(results);
  for (const node of order) sharder.place(node);
  const wanted = new Set(results);
  for (const node of order) {
    if (sharder.placed(node) === undefined) for (const each of node.inputs) wanted.add(each);
  }
  for (const node of order) if (wanted.has(node)) cross(node);
  const rest = substitute(results, joined);
  const used = new Set(topologicalOrder(rest));
  const crossings = [...crossing.values()].filter(({ inputs }) => used.has(inputs[0]!));
  const parts = crossings.map(({ part }) => part);
  const isUsed = leavesOf(rest);
  const outputs = Object.keys(program.outputs).length;
  return {
    shards,
    leaves: sharder.leaves(parts),
    crossings,
    parts,
    rest: {
      inputs: [
        ...program.inputs.filter((node) => isUsed.has(node)),
        ...crossings.flatMap(({ inputs }) => inputs),
      ],
      state: program.state,
      noise: program.noise.filter(({ node }) => isUsed.has(node)),
      ...(program.noiseByIteration ? { noiseByIteration: true } : {}),
      outputs: Object.fromEntries(names.slice(0, outputs).map((name, i) => [name, rest[i]!])),
      nextState: Object.fromEntries(
        names.slice(outputs).map((name, index) => [name, rest[outputs + index]!]),
      ),
      warnings: program.warnings,
    },
  };
}

function isManyTimes(size: number | undefined, batch: number): boolean {
  return size !== undefined && size > 0 && size % batch === 0;
}

/** A value from what the shards have of it. */
function join(parts: readonly Node[], sharding: Sharding): Node {
  if (sharding === 'replicated') return parts[0]!;
  return sharding === 'partial'
    ? parts.reduce((sum, term) => add(sum, term))
    : concat(parts, sharding);
}

/** What the memory of all threads calls what a shard is fed with: an input, or a constant that is cut. */
export function leafName({ id, params }: Node): string {
  return params.name ?? `constant ${id}`;
}

/** Inputs that are used anywhere, in loop bodies too. */
function leavesOf(results: readonly Node[]): Set<Node> {
  const leaves = new Set<Node>();
  for (const node of topologicalOrder(results)) {
    const body = node.params.body;
    if (body !== undefined) for (const leaf of leavesOf(body.results)) leaves.add(leaf);
    else if (node.op.leaf === 'input') leaves.add(node);
  }
  return leaves;
}

/** A value as a shard computes it. */
interface Placed {
  readonly sharding: Sharding;
  readonly part: Node;
}

/** Where a loop's results are, one for each value that it carries. */
interface PlacedLoop {
  readonly shardings: readonly Sharding[];
  readonly loop: Node;
}

/** Decides where the values of one graph, or of one loop's body, are computed. */
class Sharder {
  readonly #program: Program;
  readonly #batch: number;
  readonly #shards: number;
  /** Cuts a parameter of this body along an axis, if what it stands for can be cut. */
  readonly #cutParameter: (node: Node, axis: number) => Node | undefined;
  readonly #tables: ReadonlyMap<Node, number>;
  /** undefined: in the rest. */
  readonly #placed = new Map<Node, Placed | undefined>();
  readonly #loops = new Map<Node, PlacedLoop | undefined>();
  /** Whole values that are cut as well, by node and axis. */
  readonly #cut = new Map<string, Node | undefined>();
  /** Parts of inputs, shared with the bodies inside. */
  readonly #leaves: Map<string, ShardLeaf>;

  constructor(
    program: Program,
    batch: number,
    shards: number,
    inside?: {
      readonly leaves: Map<string, ShardLeaf>;
      readonly parameters: ReadonlyMap<Node, Placed>;
      readonly cutParameter: (node: Node, axis: number) => Node | undefined;
    },
  ) {
    this.#program = program;
    this.#batch = batch;
    this.#shards = shards;
    this.#leaves = inside?.leaves ?? new Map();
    this.#cutParameter = inside?.cutParameter ?? (() => undefined);
    for (const [node, placed] of inside?.parameters ?? []) this.#placed.set(node, placed);
    // Noise of a loop has a row of the table for each iteration, before the rows of a draw.
    this.#tables = new Map(
      program.noise.map(({ node, counts }) => [node, counts.length > 0 ? 1 : 0]),
    );
  }

  placed(node: Node): Placed | undefined {
    return this.#placed.get(node);
  }

  /** The leaves that these nodes need, each once. */
  leaves(parts: readonly Node[]): ShardLeaf[] {
    const used = leavesOf(parts);
    const cut = [...this.#leaves.values()];
    const inputs = [
      ...this.#program.inputs,
      ...this.#program.state,
      ...this.#program.noise.map(({ node }) => node),
    ];
    const whole = inputs.map(
      (node): ShardLeaf => ({ whole: node, part: node, sharding: 'replicated' }),
    );
    return [...cut, ...whole].filter(({ part }) => used.has(part));
  }

  /** Decides on a node whose inputs are decided. */
  place(node: Node): void {
    if (this.#placed.has(node)) return;
    if (node.params.body !== undefined) {
      const loop = this.#placeLoop(node);
      this.#loops.set(node, loop);
      this.#placed.set(node, loop && { sharding: 'replicated', part: loop.loop });
      return;
    }
    this.#placed.set(node, this.#decide(node));
  }

  #decide(node: Node): Placed | undefined {
    if (node.inputs.length === 0) return this.#placeLeaf(node);
    const inputs = node.inputs.map((each) => this.#placed.get(each));
    if (!inputs.every((placed) => placed !== undefined)) return undefined;
    const carrier = this.#loops.get(node.inputs[0]!);
    if (carrier !== undefined) {
      const index = node.params.index!;
      return { sharding: carrier.shardings[index]!, part: loopResult(carrier.loop, index) };
    }
    if (inputs.every(({ sharding }) => sharding === 'replicated')) {
      const isSame = inputs.every(({ part }, index) => part === node.inputs[index]);
      const parts = inputs.map(({ part }) => part);
      return {
        sharding: 'replicated',
        part: isSame ? node : this.#rebuilt(node, parts, 'replicated'),
      };
    }
    for (const result of this.#possibleShardings(node)) {
      for (const wanted of node.op.shardings?.(result, node) ?? []) {
        // Before anything is cut: state of a loop is cut as the first who asks wishes.
        const fits = wanted.every((sharding, index) => {
          const placed = inputs[index]!.sharding;
          if (placed === sharding) return true;
          if (placed !== 'replicated') return false;
          // Nothing is a sum of nothing.
          return sharding === 'partial' ? uniformValue(node.inputs[index]!) === 0 : true;
        });
        if (!fits) continue;
        const parts = wanted.map((sharding, index) => {
          const { sharding: placed, part } = inputs[index]!;
          return placed === sharding || sharding === 'partial'
            ? part
            : this.#cutWhole(node.inputs[index]!, sharding as number);
        });
        if (!parts.every((part) => part !== undefined)) continue;
        return { sharding: result, part: this.#rebuilt(node, parts, result) };
      }
    }
    return undefined;
  }

  /** Axes that the shards divide, and the sum. */
  *#possibleShardings({ shape }: Node): Generator<Sharding> {
    for (const [axis, size] of shape.entries()) {
      if (size > 0 && size % this.#shards === 0) yield axis;
    }
    yield 'partial';
  }

  #rebuilt(node: Node, inputs: readonly Node[], sharding: Sharding): Node {
    const shape = shapeOfShard(node.shape, sharding, this.#shards);
    return node.graph.node(node.op.name, inputs, {
      ...node.params,
      ...node.op.reshaped?.(shape),
    });
  }

  #placeLeaf(node: Node): Placed {
    const axis = this.#tables.get(node) ?? 0;
    if (!this.#isCut(node) || !isManyTimes(node.shape[axis], this.#batch)) {
      return { sharding: 'replicated', part: node };
    }
    return { sharding: axis, part: this.#leafPart(node, axis) };
  }

  /** Parameters are whole: rows of the batch never are among them. */
  #isCut(node: Node): boolean {
    return this.#tables.has(node) || this.#program.inputs.includes(node);
  }

  #leafPart(node: Node, axis: number): Node {
    const name = `${leafName(node)} cut along ${axis}`;
    const known = this.#leaves.get(name);
    if (known !== undefined) return known.part;
    const shape = shapeOfShard(node.shape, axis, this.#shards);
    const part = input(node.graph, name, shape, node.dtype);
    this.#leaves.set(name, { whole: node, part, sharding: axis });
    return part;
  }

  /** A shard's part of what is whole, if all that it is made of can be cut. */
  #cutWhole(node: Node, axis: number): Node | undefined {
    const key = `${node.id} ${axis}`;
    if (!this.#cut.has(key)) this.#cut.set(key, this.#cutAnew(node, axis));
    return this.#cut.get(key);
  }

  #cutAnew(node: Node, axis: number): Node | undefined {
    if (node.shape[axis]! % this.#shards !== 0) return undefined;
    if (this.#isCut(node) || node.op.leaf === 'constant') return this.#leafPart(node, axis);
    if (node.op.leaf === 'parameter') return this.#cutParameter(node, axis);
    for (const wanted of node.op.shardings?.(axis, node) ?? []) {
      const parts = wanted.map((sharding, index) =>
        typeof sharding === 'number'
          ? this.#cutWhole(node.inputs[index]!, sharding)
          : node.inputs[index],
      );
      if (parts.every((part) => part !== undefined)) return this.#rebuilt(node, parts, axis);
    }
    return undefined;
  }

  /** A loop as a shard runs it, or undefined where an iteration needs all rows at once. */
  #placeLoop(node: Node): PlacedLoop | undefined {
    const { count, state, captures } = loopInputs(node);
    if (this.#placed.get(count)?.sharding !== 'replicated') return undefined;
    const outside = [...state, ...captures].map((each) => this.#placed.get(each));
    if (!outside.every((placed) => placed !== undefined)) return undefined;
    if (outside.some(({ sharding }) => sharding === 'partial')) return undefined;
    const body = node.params.body!;
    const carried = outside.slice(0, state.length);
    const shardings = carried.map(({ sharding }) => sharding);
    // What one iteration cuts is cut from the start: until nothing changes, at most once for each.
    for (;;) {
      const tried = this.#tryBody(node, body, shardings, outside.slice(state.length));
      if (tried === undefined || !('wishes' in tried)) return tried;
      for (const [index, axis] of tried.wishes) shardings[index] = axis;
    }
  }

  /** The loop with its state in these shardings; or which state must be cut for that, and how. */
  #tryBody(
    node: Node,
    body: Body,
    shardings: readonly Sharding[],
    outside: readonly Placed[],
  ): PlacedLoop | { readonly wishes: ReadonlyMap<number, number> } | undefined {
    const { count, state, captures } = loopInputs(node);
    const starts = state.map((start, index) => {
      const sharding = shardings[index]!;
      const placed = this.#placed.get(start)!;
      if (placed.sharding === sharding) return placed.part;
      return typeof sharding === 'number' ? this.#cutWhole(start, sharding) : undefined;
    });
    if (!starts.every((start) => start !== undefined)) return undefined;
    const parameters = new Map<Node, Placed>([
      [body.iteration, { sharding: 'replicated', part: body.iteration }],
    ]);
    const inner = (own: Node, sharding: Sharding): Node => {
      const shape = shapeOfShard(own.shape, sharding, this.#shards);
      const part = sharding === 'replicated' ? own : parameter(own.graph, shape, own.dtype);
      parameters.set(own, { sharding, part });
      return part;
    };
    const innerState = body.state.map((own, index) => inner(own, shardings[index]!));
    const innerCaptures = body.captures.map((own, index) => inner(own, outside[index]!.sharding));
    const outerCaptures = outside.map(({ part }) => part);
    const wishes = new Map<number, number>();
    const inside = new Sharder(this.#program, this.#batch, this.#shards, {
      leaves: this.#leaves,
      parameters,
      cutParameter: (own, axis) => {
        const index = body.state.indexOf(own);
        if (index >= 0) wishes.set(index, axis);
        const captured = captures[body.captures.indexOf(own)];
        const outer = captured && this.#cutWhole(captured, axis);
        if (outer === undefined) return undefined;
        const part = parameter(own.graph, outer.shape, outer.dtype);
        innerCaptures.push(part);
        outerCaptures.push(outer);
        return part;
      },
    });
    for (const each of topologicalOrder(body.results)) inside.place(each);
    const results: Node[] = [];
    for (const [index, result] of body.results.entries()) {
      const placed = inside.placed(result);
      const sharding = shardings[index]!;
      if (placed?.sharding === sharding) {
        results.push(placed.part);
      } else if (sharding === 'replicated' && typeof placed?.sharding === 'number') {
        wishes.set(index, placed.sharding);
      } else if (typeof sharding === 'number' && placed?.sharding === 'replicated') {
        const part = inside.#cutWhole(result, sharding);
        if (part === undefined) return undefined;
        results.push(part);
      } else if (wishes.size === 0) {
        return undefined;
      }
    }
    if (wishes.size > 0) return { wishes };
    const isSame = [...shardings, ...outside.map(({ sharding }) => sharding)].every(
      (sharding) => sharding === 'replicated',
    );
    if (isSame && outerCaptures.length === captures.length) {
      const same = [...starts, ...outerCaptures].every(
        (part, index) => part === [...state, ...captures][index],
      );
      if (same) return { shardings, loop: node };
    }
    const loop = loopNode(count, starts, outerCaptures, {
      iteration: body.iteration,
      state: innerState,
      captures: innerCaptures,
      results,
    });
    return { shardings, loop };
  }
}
