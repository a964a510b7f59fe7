import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import type { Node } from '../../trainer-worker/graph/graph';
import { input } from '../../trainer-worker/graph/ops/build';
import { simplify } from '../../trainer-worker/graph/simplify';
import { createGraph, trace } from '../../trainer-worker/graph/trace';
import { centralDifference, numbersFrom } from '../graph-numbers';
import { evaluate } from '../graph-reference';

/** Smooth activations of energies: everything here has third derivatives. */
const activations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  softplus: tf.softplus,
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  elu: tf.elu,
  relu: tf.relu,
  exp: tf.exp,
  'log-cosh': (x) => tf.log(tf.add(tf.exp(x), tf.exp(tf.neg(x)))),
  sin: tf.sin,
};

const batch = 3;
const layers: [number, number][] = [
  [2, 4],
  [4, 3],
  [3, 1],
];
const mlpShapes = layers.flatMap(([from, to]) => [[from, to], [to]]);

function mlp(
  activation: (x: tf.Tensor) => tf.Tensor,
  parameters: readonly tf.Tensor[],
  x: tf.Tensor,
) {
  let h = x;
  layers.forEach((_, layer) => {
    h = tf.add(tf.matMul(h, parameters[2 * layer]!), parameters[2 * layer + 1]!);
    if (layer < layers.length - 1) h = activation(h);
  });
  return tf.squeeze(h, [1]);
}

const convShapes = [[3, 3, 2, 3], [3], [12, 1]];
function conv(
  activation: (x: tf.Tensor) => tf.Tensor,
  parameters: readonly tf.Tensor[],
  x: tf.Tensor,
) {
  const [filter, bias, weights] = parameters as [tf.Tensor4D, tf.Tensor1D, tf.Tensor2D];
  const image = tf.conv2d(x as tf.Tensor4D, filter, 2, 'same');
  const features = tf.reshape(activation(tf.add(image, bias)), [batch, 12]);
  return tf.squeeze(tf.matMul(features, weights), [1]);
}

type Energy = (parameters: readonly tf.Tensor[], x: tf.Tensor) => tf.Tensor;

/** Mean squared score; its gradient in the parameters is of second order. */
const squaredScore = (energy: Energy, parameters: readonly tf.Tensor[], x: tf.Tensor) => {
  const score = tf.grad((point: tf.Tensor) => tf.sum(energy(parameters, point)))(x);
  return tf.mean(tf.square(tf.sub(score, 0.3)));
};

/** vᵀ ∇² E v, as in sliced score matching; its gradient in the parameters is of third order. */
const hessianTrace = (
  energy: Energy,
  parameters: readonly tf.Tensor[],
  x: tf.Tensor,
  v: tf.Tensor,
) => {
  const score = tf.grad((point: tf.Tensor) => tf.sum(energy(parameters, point)));
  return tf.sum(tf.mul(v, tf.grad((point: tf.Tensor) => tf.sum(tf.mul(v, score(point))))(x)));
};

const cases = [
  { name: 'MLP', network: mlp, shapes: mlpShapes, point: [batch, 2] },
  { name: 'convolution', network: conv, shapes: convShapes, point: [batch, 4, 4, 2] },
];

for (const { name, network, shapes, point } of cases) {
  describe(`gradients of scores in the parameters: ${name}`, () => {
    for (const [activationName, activation] of Object.entries(activations)) {
      test(activationName, () => {
        const graph = createGraph();
        const leaves = [point, point, ...shapes].map((shape, index) =>
          input(graph, `i${index}`, shape),
        );
        const energy: Energy = (parameters, x) => network(activation, parameters, x);
        const { results } = trace(graph, leaves, (x, v, ...parameters) => {
          const second = (...p: tf.Tensor[]) => squaredScore(energy, p, x!) as tf.Scalar;
          const third = (...p: tf.Tensor[]) => hessianTrace(energy, p, x!, v!) as tf.Scalar;
          return [
            second(...parameters),
            third(...parameters),
            ...tf.grads(second)(parameters),
            ...tf.grads(third)(parameters),
          ];
        });
        const random = numbersFrom(7);
        const values = new Map(leaves.map((leaf) => [leaf, random(leaf.shape, 0.9)]));
        for (const outputs of [results, simplify(results)]) check(outputs, leaves.slice(2), values);
      });
    }
  });
}

function check(
  outputs: readonly Node[],
  parameters: readonly Node[],
  values: Map<Node, Float64Array>,
) {
  const [second, third, ...gradients] = outputs;
  const computed = evaluate(gradients, values);
  [second!, third!].forEach((loss, order) => {
    parameters.forEach((parameter, index) => {
      const expected = centralDifference(loss, parameter, values);
      const actual = computed[order * parameters.length + index]!;
      // In float64 with h = 1e-4 the difference quotient errs by h² and by 1e-16 / h: under 1e-6.
      expected.forEach((slope, element) => {
        const error = Math.abs(actual[element]! - slope);
        assert.ok(
          error <= 1e-6 * (1 + Math.abs(slope)),
          `order ${order + 2}, parameter ${index}[${element}]: ${actual[element]} but ${slope}`,
        );
      });
    });
  });
}
