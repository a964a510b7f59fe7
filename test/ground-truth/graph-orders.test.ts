import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import type { Node } from '../../trainer-worker/compiler/graph/graph';
import { input } from '../../trainer-worker/compiler/graph/ops/build';
import type { Program } from '../../trainer-worker/compiler/graph/program';
import { simplify } from '../../trainer-worker/compiler/passes/simplify';
import { evaluate } from '../../trainer-worker/compiler/run/float64';
import { runOnOnnx } from '../../trainer-worker/compiler/run/run-onnx';
import { createGraph, trace } from '../../trainer-worker/compiler/trace/trace';
import { centralDifference, numbersFrom } from '../graph-numbers';

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
      test(activationName, async () => {
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
        await checkInFloat32(results, leaves, values);
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

/** The same on ONNX Runtime, in float32: gradients within a thousandth of the largest slope. */
async function checkInFloat32(
  results: readonly Node[],
  leaves: readonly Node[],
  values: Map<Node, Float64Array>,
) {
  const program: Program = {
    inputs: leaves,
    state: [],
    noise: [],
    outputs: Object.fromEntries(simplify(results).map((node, index) => [`y${index}`, node])),
    nextState: {},
    warnings: [],
  };
  const execution = await runOnOnnx(program, {}, { threads: 1 });
  const feeds = Object.fromEntries(
    leaves.map((leaf, index) => [`i${index}`, Float32Array.from(values.get(leaf)!)]),
  );
  const outputs = await execution.run(feeds, { seed: 0, step: 0 });
  await execution.dispose();
  const [second, third] = results;
  const parameters = leaves.slice(2);
  for (const [order, loss] of [second!, third!].entries()) {
    const expected = parameters.flatMap((p) => [...centralDifference(loss, p, values)]);
    const actual = parameters.flatMap((_, index) => [
      ...outputs[`y${2 + order * parameters.length + index}`]!,
    ]);
    const largest = Math.max(...expected.map(Math.abs), 1e-3);
    expected.forEach((slope, element) => {
      const error = Math.abs(actual[element]! - slope) / largest;
      assert.ok(error <= 1e-3, `order ${order + 2}, ${element}: ${actual[element]} but ${slope}`);
    });
  }
}

describe('derivatives of derivatives that tfjs by itself gets wrong', () => {
  const shapes = [[batch, 2], ...mlpShapes];
  const random = numbersFrom(7);
  const numbers = shapes.map((shape) => random(shape, 0.9));
  for (const name of ['swish', 'tanh', 'sigmoid', 'exp', 'log-cosh']) {
    test(name, () => {
      const energy: Energy = (parameters, x) => mlp(activations[name]!, parameters, x);
      const step = (x: tf.Tensor, first: tf.Tensor, ...rest: tf.Tensor[]) =>
        tf.grad((p: tf.Tensor) => squaredScore(energy, [p, ...rest], x))(first);
      const graph = createGraph();
      const leaves = shapes.map((shape, index) => input(graph, `i${index}`, shape));
      const { results } = trace(graph, leaves, (x, ...parameters) => [
        squaredScore(energy, parameters, x!),
        step(x!, parameters[0]!, ...parameters.slice(1)),
      ]);
      const values = new Map(leaves.map((leaf, index) => [leaf, numbers[index]!]));
      const truth = centralDifference(results[0]!, leaves[1]!, values);
      const scale = Math.max(...truth.map(Math.abs));
      const errorOf = (slopes: ArrayLike<number>) =>
        Math.max(...truth.map((slope, index) => Math.abs(slopes[index]! - slope))) / scale;
      const eager = tf.tidy(() => {
        const tensors = shapes.map((shape, index) => tf.tensor([...numbers[index]!], shape));
        return step(tensors[0]!, tensors[1]!, ...tensors.slice(2)).dataSync();
      });
      // Its rules keep outputs as constants: wrong by more than a percent here, and silently.
      assert.ok(errorOf(eager) > 1e-2, `tfjs has become right: ${errorOf(eager)}`);
      assert.ok(errorOf(evaluate([results[1]!], values)[0]!) < 1e-6);
    });
  }
});

describe('tfjs’s own ways to differentiate, nested in each other', () => {
  type Scalars = (x: tf.Tensor) => tf.Tensor;
  const ways: Record<string, (f: Scalars) => Scalars> = {
    grad: (f) => (x) => tf.grad(f)(x),
    grads: (f) => (x) => tf.grads((p: tf.Tensor) => f(p))([x])[0]!,
    valueAndGrad: (f) => (x) =>
      tf.valueAndGrad((p: tf.Tensor) => tf.sum(f(p)) as tf.Scalar)(x).grad,
    valueAndGrads: (f) => (x) =>
      tf.valueAndGrads((p: tf.Tensor) => tf.sum(f(p)) as tf.Scalar)([x]).grads[0]!,
    'grad with a seed': (f) => (x) => tf.mul(0.5, tf.grad(f)(x, tf.mul(2, tf.onesLike(x)))),
  };
  /** exp(sin x), its sine with a gradient by hand. */
  const sine = tf.customGrad((x, save) => {
    (save as (tensors: tf.Tensor[]) => void)([x as tf.Tensor]);
    return {
      value: tf.sin(x as tf.Tensor),
      gradFunc: (dy, [kept]) => tf.mul(dy, tf.cos(kept!)),
    };
  });
  const names = Object.keys(ways);
  for (const [first, name] of names.entries()) {
    test(`${name} outermost, to the fourth order`, () => {
      const graph = createGraph();
      const x = input(graph, 'x', [3]);
      const { results } = trace(graph, [x], (point) => {
        let f: Scalars = (p) => tf.exp(sine(p));
        const orders = [f(point!)];
        for (let order = 0; order < 4; order++) {
          f = ways[names[(first + 3 - order + names.length) % names.length]!]!(f);
          orders.push(f(point!));
        }
        return orders.map((value) => tf.sum(value));
      });
      const values = new Map([[x, numbersFrom(3)([3])]]);
      results.slice(1).forEach((derivative, index) => {
        // Each is a sum over elements, as is the slope of the one before in all of them together.
        const slopes = centralDifference(results[index]!, x, values);
        const expected = slopes.reduce((a, b) => a + b, 0);
        const actual = evaluate([derivative], values)[0]![0]!;
        assert.ok(Math.abs(actual - expected) < 1e-5, `order ${index + 1}: ${actual}, ${expected}`);
      });
    });
  }
});
