import { type Node, topologicalOrder } from '../../compiler/graph/graph';
import { tabulateNoise } from '../../compiler/graph/noise-source';
import { allNodes } from '../../compiler/graph/rewrite';
import { Random, streams } from '../../compiler/random/random';
import { type Arrays, FeedBuilder, type NoiseKey } from '../../compiler/run/execution';
import { type Arrays64, evaluate } from '../../compiler/run/float64';

/** A scalar with its gradients as the compiler has them. Nothing of it is simplified. */
export interface Differentiated {
  readonly scalar: Node;
  /** All that is fed. */
  readonly inputs: readonly Node[];
  /** What it is differentiated in, each one of the inputs, and the gradient. */
  readonly variables: readonly {
    readonly name: string;
    readonly node: Node;
    readonly gradient: Node;
  }[];
}

/** How gradients compare with differences. */
export interface SlopeComparison {
  /**
   * Largest difference between both, over the size that a slope usually has. Undefined where they
   * cannot be compared: something is held constant within a loop that the gradient goes through.
   */
  readonly error?: number;
  /** Variables whose gradients are not the slopes. */
  readonly wrong: readonly string[];
  /** Whether all gradients are zero. */
  readonly isFlat: boolean;
}

/**
 * By how much a gradient may differ from a difference. Both are float64: on smooth losses they agree to
 * 1e-7, and what is wrong in a gradient is seldom smaller than a part in a hundred of it.
 */
const tolerance = 1e-2;

/**
 * How far apart the points of a difference are, and how far in a second try. What is not smooth
 * somewhere between them (a kink of ReLU) is passed by one of both.
 */
const widths = [1e-5, 1e-6];

/**
 * Compares gradients with symmetric differences in float64, along a random direction: of all variables
 * together, and where that disagrees of each. What the scalar holds constant (`stopGradient`: chains,
 * mostly) keeps its value while a variable moves.
 *
 * @param feeds values of {@link Differentiated.inputs}, by name
 */
export function compareSlopes(
  { scalar, inputs, variables }: Differentiated,
  feeds: Arrays,
  key: NoiseKey,
): SlopeComparison {
  const { results, sources } = tabulateNoise(
    [scalar, ...variables.map(({ gradient }) => gradient)],
    0,
  );
  const [loss, ...gradients] = results as [Node, ...Node[]];
  const values: Arrays64 = new Map();
  const program = { inputs, state: [], noise: sources, outputs: {}, nextState: {}, warnings: [] };
  for (const { node, values: fed } of new FeedBuilder(program).build(feeds, key)) {
    values.set(node, Float64Array.from(fed));
  }
  const held = topologicalOrder([loss]).filter(({ op }) => op.holds);
  for (const [index, value] of evaluate(held, values).entries()) values.set(held[index]!, value);
  const slopes = evaluate(gradients, values);
  const isFlat = slopes.every((slope) => slope.every((value) => value === 0));
  const moved = topologicalOrder([loss], values);
  if (moved.some(holdsInside)) return { wrong: [], isFlat };

  const random = new Random(key.seed, streams.check);
  const directions = variables.map(({ node }) => values.get(node)!.map(() => random.normal()));
  const at = (indices: readonly number[], by: number) => {
    const shifted: Arrays64 = new Map(values);
    for (const index of indices) {
      const { node } = variables[index]!;
      const direction = directions[index]!;
      shifted.set(
        node,
        values.get(node)!.map((value, i) => value + by * direction[i]!),
      );
    }
    return evaluate([loss], shifted)[0]![0]!;
  };
  const errorOf = (indices: readonly number[]) => {
    let slope = 0;
    // Root of the sum of squares: what a slope along a random direction usually is.
    let usual = 0;
    for (const index of indices) {
      for (const [i, value] of slopes[index]!.entries()) {
        slope += value * directions[index]![i]!;
        usual += value ** 2;
      }
    }
    const errors = widths.map((h) => {
      const difference = (at(indices, h) - at(indices, -h)) / (2 * h);
      return Math.abs(difference - slope) / Math.max(Math.sqrt(usual), Math.abs(difference), 1e-9);
    });
    return Math.min(...errors);
  };
  const error = errorOf([...variables.keys()]);
  // Not `>`: nothing agrees with a NaN.
  const agrees = error <= tolerance;
  const wrong = agrees
    ? []
    : variables.flatMap(({ name }, index) => (errorOf([index]) <= tolerance ? [] : [name]));
  return { error, wrong, isFlat };
}

/** Whether a loop holds something constant within, which differences would move. */
function holdsInside({ params: { body } }: Node): boolean {
  return body !== undefined && allNodes(body.results).some(({ op }) => op.holds);
}
