import * as tf from '@tensorflow/tfjs';
import type { Graph, Node } from '../../trainer-worker/compiler/graph/graph';
import { input } from '../../trainer-worker/compiler/graph/ops/build';
import type { Shape } from '../../trainer-worker/compiler/graph/shape';
import type { Arrays64 } from '../../trainer-worker/compiler/run/float64';
import { createGraph, trace } from '../../trainer-worker/compiler/trace/trace';
import { numbersFrom } from '../graph-numbers';

/** A tfjs expression of float32 tensors. */
export interface GraphCase {
  readonly name: string;
  readonly shapes: readonly Shape[];
  readonly f: (...x: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Where the inputs lie; (-1, 1) where absent. Keeps logarithms defined and kinks away. */
  readonly domain?: readonly [number, number];
}

/** A case as a graph, with what follows from it by differentiating once and twice. */
export interface BuiltCase {
  readonly inputs: readonly Node[];
  readonly values: Arrays64;
  /** The expression itself. */
  readonly value: Node;
  /** A scalar of the expression, and its slope in each input. */
  readonly first: Node;
  readonly firstSlopes: readonly Node[];
  /** A scalar of those slopes, and its slope in each input. */
  readonly second: Node;
  readonly secondSlopes: readonly Node[];
}

/**
 * The scalars are sums of sines with uneven weights, so that linear operations bend too.
 *
 * @param graph where it is built; several cases may share one
 * @param prefix what the names of the case's inputs begin with
 */
export function buildCase(
  { shapes, f, domain = [-1, 1] }: GraphCase,
  graph: Graph = createGraph(),
  prefix = 'x',
): BuiltCase {
  const inputs = shapes.map((shape, index) => input(graph, `${prefix}${index}`, shape));
  const random = numbersFrom(11);
  const [low, high] = domain;
  const values: Arrays64 = new Map(
    inputs.map((node) => [
      node,
      random(node.shape).map((u) => Math.fround(low + ((u + 1) / 2) * (high - low))),
    ]),
  );
  const scalarOf = (tensors: readonly tf.Tensor[]) =>
    tf.addN(
      tensors.map((tensor) => {
        const weights = tf.tensor(Float32Array.from(random(tensor.shape)), tensor.shape);
        return tf.sum(tf.mul(tf.sin(tensor), weights));
      }),
    );
  let value: tf.Tensor | undefined;
  let slopes: tf.Tensor[] = [];
  const { results } = trace(graph, inputs, (...x) => {
    value = [f(...x)].flat()[0]!;
    const first = tf.valueAndGrads((...p: tf.Tensor[]) => scalarOf([f(...p)].flat()) as tf.Scalar)(
      x,
    );
    const second = tf.valueAndGrads((...p: tf.Tensor[]) => {
      const seeds = numbersFrom(3);
      slopes = tf.grads((...q: tf.Tensor[]) => {
        const y = [f(...q)].flat()[0]!;
        return tf.sum(
          tf.mul(tf.sin(y), tf.tensor(Float32Array.from(seeds(y.shape)), y.shape)),
        ) as tf.Scalar;
      })(p);
      return scalarOf(slopes) as tf.Scalar;
    })(x);
    return [value, first.value, second.value, ...first.grads, ...second.grads];
  });
  const [node, first, second, ...rest] = results;
  return {
    inputs,
    values,
    value: node!,
    first: first!,
    second: second!,
    firstSlopes: rest.slice(0, inputs.length),
    secondSlopes: rest.slice(inputs.length),
  };
}
