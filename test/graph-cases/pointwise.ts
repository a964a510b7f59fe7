import * as tf from '@tensorflow/tfjs';
import type { Shape } from '../../trainer-worker/compiler/graph/shape';
import type { GraphCase } from './graph-case';

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** The approximation of Hendrycks & Gimpel (2016). */
const geluByTanh: Unary = (x) =>
  tf.mul(
    tf.mul(x, 0.5),
    tf.add(tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.pow(x, 3))))), 1),
  );

const positive = [0.3, 2] as const;

const unary: [string, Unary, (readonly [number, number])?][] = [
  ['neg', tf.neg],
  ['exp', tf.exp],
  ['expm1', tf.expm1, [-2, 2]],
  ['log', tf.log, positive],
  ['log1p', tf.log1p, [-0.4, 2]],
  ['sqrt', tf.sqrt, positive],
  ['rsqrt', tf.rsqrt, positive],
  ['reciprocal', tf.reciprocal, [0.6, 2]],
  ['square', tf.square],
  ['abs', tf.abs],
  ['sign', tf.sign],
  ['floor', tf.floor, [-3, 3]],
  ['ceil', tf.ceil, [-3, 3]],
  ['round', tf.round, [-3, 3]],
  ['sin', tf.sin],
  ['cos', tf.cos],
  ['tan', tf.tan],
  ['sinh', tf.sinh],
  ['cosh', tf.cosh],
  ['asin', tf.asin, [-0.8, 0.8]],
  ['acos', tf.acos, [-0.8, 0.8]],
  ['atan', tf.atan],
  ['asinh', tf.asinh],
  ['acosh', tf.acosh, [1.2, 3]],
  ['atanh', tf.atanh, [-0.8, 0.8]],
  ['tanh', tf.tanh],
  ['sigmoid', tf.sigmoid],
  ['softplus', tf.softplus],
  ['relu', tf.relu],
  ['relu6', tf.relu6, [-3, 9]],
  ['elu', tf.elu],
  ['selu', tf.selu],
  ['leakyRelu', (x) => tf.leakyRelu(x, 0.3)],
  ['step', (x) => tf.mul(x, tf.step(x, 0.2))],
  ['erf', tf.erf],
  ['logSigmoid', tf.logSigmoid],
  [
    'hardSigmoid',
    (x) => tf.layers.activation({ activation: 'hardSigmoid' }).apply(x) as tf.Tensor,
    [-4, 4],
  ],
  ['softsign', (x) => tf.layers.activation({ activation: 'softsign' }).apply(x) as tf.Tensor],
  ['swish', (x) => tf.mul(x, tf.sigmoid(x))],
  ['swish of layers', (x) => tf.layers.activation({ activation: 'swish' }).apply(x) as tf.Tensor],
  ['mish', (x) => tf.mul(x, tf.tanh(tf.softplus(x)))],
  ['gelu by tanh', geluByTanh],
  ['isFinite', (x) => tf.where(tf.isFinite(tf.div(1, tf.relu(x))), tf.square(x), x)],
  ['isNaN', (x) => tf.where(tf.isNaN(tf.log(x)), tf.square(x), x)],
  ['isInf', (x) => tf.where(tf.isInf(tf.div(x, 0)), tf.square(x), x)],
  ['softmax', (x) => tf.softmax(x)],
  ['logSoftmax', (x) => tf.logSoftmax(x)],
  ['clip', (x) => tf.clipByValue(x, -0.4, 0.6)],
  ['power', (x) => tf.pow(x, 3)],
  ['cast', (x) => tf.mul(x, tf.cast(tf.cast(tf.mul(x, 5), 'int32'), 'float32'))],
  ['logicalNot', (x) => tf.mul(x, tf.cast(tf.logicalNot(tf.greater(x, 0.1)), 'float32'))],
];

const binary: [string, Binary, (readonly [number, number])?][] = [
  ['add', tf.add],
  ['sub', tf.sub],
  ['mul', tf.mul],
  ['div', tf.div, positive],
  ['pow', tf.pow, positive],
  ['atan2', tf.atan2, [0.3, 2]],
  ['atan2 of all quadrants', (a, b) => tf.atan2(tf.add(a, 0.1), tf.add(b, 0.1))],
  ['divNoNan', tf.divNoNan, positive],
  [
    'logicalXor',
    (a, b) => tf.where(tf.logicalXor(tf.greater(a, 0), tf.greater(b, 0)), tf.mul(a, b), b),
  ],
  ['maximum', tf.maximum],
  ['minimum', tf.minimum],
  ['squaredDifference', tf.squaredDifference],
  ['mod', tf.mod, positive],
  ['floorDiv', (a, b) => tf.mul(a, tf.floorDiv(a, b)), positive],
  ['where equal', (a, b) => tf.where(tf.equal(tf.round(a), tf.round(b)), a, tf.mul(a, b))],
  ['where greater', (a, b) => tf.where(tf.greater(a, b), tf.square(a), tf.mul(a, b))],
  ['where less', (a, b) => tf.where(tf.less(a, b), tf.square(a), b)],
  [
    'where ≥ and ≤',
    (a, b) =>
      tf.where(tf.logicalAnd(tf.greaterEqual(a, -0.5), tf.lessEqual(b, 0.5)), tf.mul(a, b), b),
  ],
  [
    'where ≠ or',
    (a, b) =>
      tf.where(
        tf.logicalOr(tf.notEqual(tf.round(a), tf.round(b)), tf.greater(a, 0)),
        a,
        tf.mul(b, a),
      ),
  ],
  ['prelu', (a, b) => tf.prelu(tf.add(a, tf.zerosLike(b)), b)],
];

/** Alike, broadcast in both, scalar, of size one, empty. */
const pairs: [Shape, Shape][] = [
  [
    [2, 3],
    [2, 3],
  ],
  [
    [2, 1],
    [1, 3],
  ],
  [[2, 3], []],
  [[1], [3, 1, 2]],
  [[0, 3], [3]],
];

/** Operations element by element, on shapes that broadcast, have size one or are empty. */
export const pointwiseCases: readonly GraphCase[] = [
  ...unary.flatMap(([name, f, domain]) =>
    [[2, 3], [1], [0, 2]].map(
      (shape): GraphCase => ({
        name: `${name} of [${shape}]`,
        shapes: [shape],
        f: (x) => f(x!),
        ...(domain ? { domain } : {}),
      }),
    ),
  ),
  ...binary.flatMap(([name, f, domain]) =>
    pairs.map(
      ([a, b]): GraphCase => ({
        name: `${name} of [${a}] and [${b}]`,
        shapes: [a, b],
        f: (x, y) => f(x!, y!),
        ...(domain ? { domain } : {}),
      }),
    ),
  ),
];
