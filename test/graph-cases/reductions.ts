import * as tf from '@tensorflow/tfjs';
import type { GraphCase } from './graph-case';

const reductions: [string, (x: tf.Tensor, axes?: number[], keep?: boolean) => tf.Tensor][] = [
  ['sum', tf.sum],
  ['mean', tf.mean],
  ['max', tf.max],
  ['min', tf.min],
  ['prod', tf.prod],
  ['logSumExp', tf.logSumExp],
];

export const reductionCases: readonly GraphCase[] = [
  ...reductions.flatMap(([name, f]) => [
    { name: `${name}, all`, shapes: [[2, 3]], f: (x: tf.Tensor) => f(x) },
    { name: `${name}, last axis`, shapes: [[2, 3]], f: (x: tf.Tensor) => f(x, [-1]) },
    {
      name: `${name}, two axes, kept`,
      shapes: [[2, 3, 2]],
      f: (x: tf.Tensor) => f(x, [0, 2], true),
    },
    { name: `${name}, axis of size one`, shapes: [[3, 1]], f: (x: tf.Tensor) => f(x, [1]) },
  ]),
  { name: 'sum over an empty axis', shapes: [[0, 3]], f: (x) => tf.sum(x!, 0) },
  { name: 'prod over an empty axis', shapes: [[0, 3]], f: (x) => tf.prod(x!, 0) },
  { name: 'norm', shapes: [[2, 3]], f: (x) => tf.norm(x!, 'euclidean', 1) },
  { name: 'norm 1', shapes: [[2, 3]], f: (x) => tf.norm(x!, 1, 0) },
  { name: 'norm ∞', shapes: [[2, 3]], f: (x) => tf.norm(x!, Number.POSITIVE_INFINITY, 1) },
  {
    name: 'moments',
    shapes: [[2, 3]],
    f: (x) => {
      const { mean, variance } = tf.moments(x!, 1);
      return tf.mul(mean, variance);
    },
  },
  {
    name: 'huberLoss',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    domain: [-3, 3],
    f: (a, b) => tf.losses.huberLoss(a!, b!),
  },
  {
    name: 'meanSquaredError with weights',
    shapes: [[2, 3], [2, 3], [3]],
    f: (a, b, w) => tf.losses.meanSquaredError(a!, b!, w!),
  },
  {
    name: 'sigmoidCrossEntropy',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: (a, b) => tf.losses.sigmoidCrossEntropy(a!, b!),
  },
  {
    // tfjs's own gradient is wrong in the labels: it has the sign of the logits' and their softmax.
    name: 'softmaxCrossEntropy',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    domain: [0.1, 2],
    f: (a, b) => tf.losses.softmaxCrossEntropy(a!, b!),
  },
  {
    name: 'cosineDistance',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: (a, b) => tf.losses.cosineDistance(a!, b!, 1),
  },
];
