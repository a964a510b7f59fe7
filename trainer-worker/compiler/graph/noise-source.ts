import { ProblemError } from '../../../protocol/problem';
import type { Node, NoiseKind, Values } from './graph';
import { gather, input } from './ops/build';
import { allNodes, rewrite } from './rewrite';
import { type Shape, sizeOf } from './shape';

/** A noise node of a program: what the host fills before each run. */
export interface NoiseSource {
  /** The input that carries it: one table row for each iteration of the enclosing loops. */
  readonly node: Node;
  readonly kind: NoiseKind;
  /** The shape of one draw. */
  readonly shape: Shape;
  /** Which stream of random numbers it is; counts from the program's first one, in the order of the program. */
  readonly stream: number;
  /** Iteration counts of the enclosing loops: constants or inputs. */
  readonly counts: readonly Node[];
}

/**
 * Replaces noise by inputs that the host fills: the same numbers on every backend. Noise in a loop
 * becomes a row of a table, looked up by iteration.
 *
 * @param firstStream the number of the first stream
 */
export function tabulateNoise(
  results: readonly Node[],
  firstStream: number,
): {
  readonly results: Node[];
  readonly sources: readonly NoiseSource[];
} {
  const drawn = allNodes(results).filter((node) => node.op.leaf === 'noise');
  const streamOf = (node: Node) => node.params.stream!;
  // In the order in which the program asked for them, which simplification does not change.
  const streams = [...new Set(drawn.map(streamOf))].sort((a, b) => a - b);
  const sources = streams.map((stream, index): NoiseSource => {
    const node = drawn.find((candidate) => streamOf(candidate) === stream)!;
    const kind = node.params.kind!;
    const counts = node.params.counts!;
    const shape = counts.length > 0 ? [-1, ...node.shape] : node.shape;
    const table = input(node.graph, `noise ${index}`, shape);
    return { node: table, kind, shape: node.shape, stream: firstStream + index, counts };
  });
  const replaced = rewrite(results, (node) => {
    if (node.op.leaf !== 'noise') return node;
    const { node: table } = sources[streams.indexOf(streamOf(node))]!;
    const [index] = node.inputs;
    return index === undefined ? table : gather(table, index, 0);
  });
  return { results: replaced, sources };
}

/** The shape of a source's table in a run with these inputs. */
export function tableShape(source: NoiseSource, feeds: Readonly<Record<string, Values>>): Shape {
  if (source.counts.length === 0) return source.shape;
  return [sizeOf(iterationsOf(source, feeds)), ...source.shape];
}

/**
 * Of how many steps' noise a source's table is, one part after the other.
 *
 * @param byIteration the program's `noiseByIteration`
 */
export function stepsIn(
  source: NoiseSource,
  feeds: Readonly<Record<string, Values>>,
  byIteration = false,
): number {
  return byIteration ? (iterationsOf(source, feeds)[0] ?? 1) : 1;
}

/** How often each of the enclosing loops runs, the outermost first. */
function iterationsOf({ counts }: NoiseSource, feeds: Readonly<Record<string, Values>>): number[] {
  return counts.map((count) => {
    const fixed = count.params.values;
    const name = count.params.name!;
    const value = (fixed ?? feeds[name])?.[0];
    if (value === undefined || value < 0) {
      throw new ProblemError({
        kind: 'experiment',
        message: `The number of iterations ${name} is ${value ?? 'missing'}; it must be 0 or more.`,
      });
    }
    return value;
  });
}
