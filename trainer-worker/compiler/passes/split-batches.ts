import { type Body, type Node, topologicalOrder } from '../graph/graph';
import { add, broadcastTo, concat, constant, slice } from '../graph/ops/build';
import type { Program } from '../graph/program';
import type { Shape } from '../graph/shape';
import type { Sharding } from '../graph/sharding';
import { simplify } from './simplify';

/** A value as what was put together along an axis. */
interface Pieces {
  readonly axis: number;
  readonly parts: readonly Node[];
}

/**
 * The same program, where what was put together along an axis (data and samples, data and noise) is
 * computed apart: `f(concat(a, b))` as `concat(f(a), f(b))` for what treats rows alike, and sums over
 * rows as sums of sums. One product over all rows is faster than several over some of them, but only the
 * rows of one batch can be shared out over threads; see `shard/shard.ts`.
 *
 * @param batch what was put together of parts whose sizes are no multiples of it stays as it is
 */
export function splitBatches(program: Program, batch: number): Program {
  const { outputs, nextState } = program;
  const results = [...Object.values(outputs), ...Object.values(nextState)];
  const made = simplify(split(results, batch));
  const named = (names: readonly string[], first: number) =>
    Object.fromEntries(names.map((name, index) => [name, made[first + index]!]));
  const names = Object.keys(outputs);
  return {
    ...program,
    outputs: named(names, 0),
    nextState: named(Object.keys(nextState), names.length),
  };
}

function split(results: readonly Node[], batch: number): Node[] {
  const splitter = new Splitter(batch);
  for (const node of topologicalOrder(results)) splitter.place(node);
  return results.map((node) => splitter.whole(node));
}

/** Splits the nodes of a graph, or of a loop's body, inputs first. */
class Splitter {
  readonly #pieces = new Map<Node, Pieces>();
  readonly #whole = new Map<Node, Node>();
  readonly #batch: number;

  constructor(batch: number) {
    this.#batch = batch;
  }

  /** What stands for a node in one. */
  whole(node: Node): Node {
    let whole = this.#whole.get(node);
    if (whole === undefined) {
      const { parts, axis } = this.#pieces.get(node)!;
      whole = concat(parts, axis);
      this.#whole.set(node, whole);
    }
    return whole;
  }

  place(node: Node): void {
    const pieces = this.#piecesOf(node);
    if (pieces !== undefined) {
      this.#pieces.set(node, pieces);
      return;
    }
    this.#whole.set(node, this.#sumOfPieces(node) ?? this.#rebuilt(node));
  }

  #rebuilt(node: Node): Node {
    const inputs = node.inputs.map((input) => this.whole(input));
    const body = node.params.body;
    if (body !== undefined) {
      const inner: Body = { ...body, results: split(body.results, this.#batch) };
      return node.graph.node(node.op.name, inputs, { ...node.params, body: inner });
    }
    const isSame = inputs.every((input, index) => input === node.inputs[index]);
    return isSame ? node : node.graph.node(node.op.name, inputs, node.params);
  }

  #piecesOf(node: Node): Pieces | undefined {
    const made = madeOfPieces(node, (input) => this.whole(input));
    if (made?.parts.every((part) => part.shape[made.axis]! % this.#batch === 0)) return made;
    const [first] = node.inputs;
    const known = first && this.#pieces.get(first);
    if (node.op.name === 'slice' && known) return this.#someOf(node, known);
    for (const axis of node.shape.keys()) {
      const parts = this.#along(node, axis);
      if (parts !== undefined) return { axis, parts };
    }
    return undefined;
  }

  /** The pieces that a slice takes whole, if it does. */
  #someOf(node: Node, { axis, parts }: Pieces): Pieces | undefined {
    const begin = node.params.begin!;
    const across = (part: Node): Shape => node.shape.with(axis, part.shape[axis]!);
    const taken: Node[] = [];
    let at = 0;
    for (const part of parts) {
      const isWithin =
        at >= begin[axis]! && at + part.shape[axis]! <= begin[axis]! + node.shape[axis]!;
      if (isWithin) taken.push(slice(part, begin.with(axis, 0), across(part)));
      at += part.shape[axis]!;
    }
    const length = taken.reduce((sum, part) => sum + part.shape[axis]!, 0);
    return length === node.shape[axis] ? { axis, parts: taken } : undefined;
  }

  /** A result that is linear in sums over its pieces. */
  #sumOfPieces(node: Node): Node | undefined {
    return this.#along(node, 'partial')?.reduce((sum, term) => add(sum, term));
  }

  /** The node computed piece by piece of its inputs, for a result of this sharding. */
  #along(node: Node, sharding: Sharding): Node[] | undefined {
    const isInPieces = node.inputs.some((input) => this.#pieces.has(input));
    if (!isInPieces || node.params.body !== undefined) return undefined;
    for (const wanted of node.op.shardings?.(sharding, node) ?? []) {
      const parts = this.#asWanted(node, sharding, wanted);
      if (parts !== undefined) return parts;
    }
    return undefined;
  }

  #asWanted(node: Node, sharding: Sharding, wanted: readonly Sharding[]): Node[] | undefined {
    const known = node.inputs.map((input) => this.#pieces.get(input));
    const model = known.findIndex((pieces, index) => pieces && pieces.axis === wanted[index]);
    if (model < 0) return undefined;
    const sizes = commonSizes(
      known.flatMap((pieces, index) => (pieces && pieces.axis === wanted[index] ? [pieces] : [])),
    );
    const operands = node.inputs.map((input, index): readonly Node[] | undefined => {
      const axis = wanted[index]!;
      const pieces = known[index];
      if (axis === 'replicated') return pieces ? undefined : sizes.map(() => this.whole(input));
      if (axis === 'partial') return undefined;
      if (pieces) return pieces.axis === axis ? finer(pieces, sizes) : undefined;
      return cutInto(this.whole(input), axis, sizes);
    });
    if (!operands.every((parts) => parts !== undefined)) return undefined;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const shapes = sizes.map((size) =>
      typeof sharding === 'number'
        ? node.shape.with(sharding, (node.shape[sharding]! * size) / total)
        : node.shape,
    );
    if (!shapes.flat().every(Number.isInteger)) return undefined;
    return shapes.map((shape, piece) =>
      node.graph.node(
        node.op.name,
        operands.map((parts) => parts[piece]!),
        { ...node.params, ...node.op.reshaped?.(shape) },
      ),
    );
  }
}

/** Sizes of the largest parts of which the pieces of every one of these can be made. */
function commonSizes(all: readonly Pieces[]): number[] {
  const ends = all.flatMap(({ axis, parts }) => {
    let end = 0;
    return parts.map((part) => {
      end += part.shape[axis]!;
      return end;
    });
  });
  const sorted = [...new Set(ends)].sort((a, b) => a - b);
  return sorted.map((end, index) => end - (sorted[index - 1] ?? 0));
}

/** Pieces cut further, into these sizes. */
function finer({ axis, parts }: Pieces, sizes: readonly number[]): Node[] | undefined {
  let next = 0;
  const made = parts.map((part) => {
    const first = next;
    for (let length = 0; length < part.shape[axis]! && next < sizes.length; next++) {
      length += sizes[next]!;
    }
    return cutInto(part, axis, sizes.slice(first, next));
  });
  return made.every((each) => each !== undefined) ? made.flat() : undefined;
}

/** A value in one, cut along an axis into parts of these sizes. */
function cutInto(node: Node, axis: number, sizes: readonly number[]): Node[] | undefined {
  if (sizes.reduce((sum, size) => sum + size, 0) !== node.shape[axis]) return undefined;
  let at = 0;
  return sizes.map((size) => {
    const begin = node.shape.map((_, index) => (index === axis ? at : 0));
    at += size;
    return slice(node, begin, node.shape.with(axis, size));
  });
}

/** What is put together here: by a concatenation, or by zeros around, which its slope is made of. */
function madeOfPieces(node: Node, whole: (input: Node) => Node): Pieces | undefined {
  if (node.op.name === 'concat') {
    return { axis: node.params.axis!, parts: node.inputs.map(whole) };
  }
  if (node.op.name !== 'pad') return undefined;
  const { before, after, value } = node.params as {
    readonly before: readonly number[];
    readonly after: readonly number[];
    readonly value: number;
  };
  const padded = [...node.shape.keys()].filter((at) => before[at] !== 0 || after[at] !== 0);
  const [axis] = padded;
  if (padded.length !== 1 || axis === undefined || node.dtype !== 'float32') return undefined;
  const filling = (size: number) =>
    broadcastTo(constant(node.graph, value), node.shape.with(axis, size));
  return {
    axis,
    parts: [
      ...(before[axis]! > 0 ? [filling(before[axis]!)] : []),
      whole(node.inputs[0]!),
      ...(after[axis]! > 0 ? [filling(after[axis]!)] : []),
    ],
  };
}
