import * as tf from '@tensorflow/tfjs';
import { loop } from '../../trainer-worker/compiler/trace/trace';
import type { GraphCase } from './graph-case';

/** What rearranges or selects elements. */
export const arrangementCases: readonly GraphCase[] = [
  {
    name: 'reshape',
    shapes: [[2, 3]],
    f: (x) => tf.mul(tf.reshape(x!, [3, 2]), tf.reshape(x!, [3, -1])),
  },
  { name: 'transpose', shapes: [[2, 3, 4]], f: (x) => tf.transpose(x!, [2, 0, 1]) },
  {
    name: 'squeeze and expandDims',
    shapes: [[2, 1, 3]],
    f: (x) => tf.expandDims(tf.squeeze(x!, [1]), -1),
  },
  { name: 'broadcastTo', shapes: [[2, 1]], f: (x) => tf.broadcastTo(x!, [3, 2, 4]) },
  { name: 'tile', shapes: [[2, 3]], f: (x) => tf.tile(x!, [2, 3]) },
  { name: 'slice', shapes: [[4, 3]], f: (x) => tf.slice(x!, [1, 0], [2, -1]) },
  { name: 'slice of nothing', shapes: [[4, 3]], f: (x) => tf.slice(x!, [1, 0], [0, 3]) },
  {
    name: 'slice of slice',
    shapes: [[5, 4]],
    f: (x) => tf.slice(tf.slice(x!, [1, 1], [3, 3]), [1, 0], [2, 2]),
  },
  {
    name: 'stridedSlice',
    shapes: [[5, 4]],
    f: (x) => tf.stridedSlice(x!, [4, 0], [0, 4], [-2, 3]),
  },
  { name: 'reverse', shapes: [[3, 2]], f: (x) => tf.mul(tf.reverse(x!, 0), x!) },
  {
    name: 'pad',
    shapes: [[2, 3]],
    f: (x) =>
      tf.pad(
        x!,
        [
          [1, 0],
          [2, 1],
        ],
        0.5,
      ),
  },
  {
    name: 'mirrorPad',
    shapes: [[3, 4]],
    f: (x) =>
      tf.mirrorPad(
        x!,
        [
          [1, 1],
          [2, 0],
        ],
        'reflect',
      ),
  },
  {
    name: 'concat',
    shapes: [
      [2, 3],
      [2, 1],
      [2, 0],
    ],
    f: (a, b, c) => tf.concat([a!, b!, c!], 1),
  },
  {
    name: 'stack',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    f: (a, b) => tf.stack([a!, b!], 1),
  },
  {
    name: 'split',
    shapes: [[2, 6]],
    f: (x) => {
      const [a, b, c] = tf.split(x!, [1, 3, 2], 1);
      return tf.mul(tf.sum(b!, 1, true), tf.mul(a!, c!));
    },
  },
  {
    name: 'unstack',
    shapes: [[3, 2]],
    f: (x) => {
      const [a, b, c] = tf.unstack(x!);
      return tf.add(tf.mul(a!, b!), c!);
    },
  },
  { name: 'cumsum', shapes: [[3, 4]], f: (x) => tf.cumsum(x!, 1) },
  { name: 'cumsum, exclusive, reverse', shapes: [[3, 4]], f: (x) => tf.cumsum(x!, 0, true, true) },
  { name: 'cumprod', shapes: [[2, 4]], f: (x) => tf.cumprod(x!, 1) },
  {
    name: 'cumprod, exclusive, reverse',
    shapes: [[2, 4]],
    f: (x) => tf.cumprod(x!, 1, true, true),
  },
  {
    name: 'flipLeftRight',
    shapes: [[1, 2, 3, 1]],
    f: (x) => tf.image.flipLeftRight(x as tf.Tensor4D),
  },
  {
    name: 'mirrorPad, symmetric',
    shapes: [[2, 3]],
    f: (x) =>
      tf.mirrorPad(
        x!,
        [
          [0, 2],
          [1, 0],
        ],
        'symmetric',
      ),
  },
  {
    name: 'spaceToBatchND and back',
    shapes: [[1, 4, 2, 1]],
    f: (x) => {
      const apart = tf.spaceToBatchND(
        x!,
        [2, 2],
        [
          [0, 0],
          [1, 1],
        ],
      );
      return tf.batchToSpaceND(
        tf.mul(apart, apart),
        [2, 2],
        [
          [1, 0],
          [0, 1],
        ],
      );
    },
  },
  {
    name: 'depthToSpace',
    shapes: [[1, 2, 2, 4]],
    f: (x) => tf.depthToSpace(x as tf.Tensor4D, 2),
  },
  { name: 'diag', shapes: [[3]], f: (x) => tf.diag(x!) },
  {
    name: 'bandPart',
    shapes: [[3, 4]],
    f: (x) => tf.mul(tf.linalg.bandPart(x!, 1, 0), x!),
  },
  {
    name: 'meshgrid',
    shapes: [[3], [2]],
    f: (a, b) => {
      const [x, y] = tf.meshgrid(a!, b!);
      return tf.mul(x!, y!);
    },
  },
  {
    name: 'qr',
    shapes: [[3, 2]],
    f: (x) => {
      const [q, r] = tf.linalg.qr(x!);
      return [q, r][1]!;
    },
  },
  {
    name: 'constants',
    shapes: [[2, 3]],
    f: (x) =>
      tf.add(
        tf.mul(x!, tf.fill([2, 3], 2)),
        tf.add(tf.onesLike(x!), tf.add(tf.range(0, 3), tf.linspace(0, 1, 3))),
      ),
  },
  {
    name: 'any and all',
    shapes: [[2, 3]],
    f: (x) =>
      tf.where(
        tf.logicalAnd(
          tf.any(tf.greater(x!, 0), 1, true),
          tf.logicalNot(tf.all(tf.greater(x!, 0.9), 1, true)),
        ),
        tf.square(x!),
        x!,
      ),
  },
  {
    name: 'addN',
    shapes: [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    f: (a, b, c) => tf.addN([a!, tf.mul(b!, c!), c!]),
  },
  {
    name: 'batchNorm',
    shapes: [[4, 3], [3], [3], [3], [3]],
    domain: [0.3, 2],
    f: (x, m, v, o, s) =>
      tf.batchNorm(x!, m as tf.Tensor1D, v as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D),
  },
  {
    name: 'a loop, unrolled',
    shapes: [
      [2, 2],
      [2, 2],
    ],
    f: (x, w) => loop(3, [x!], (_, [h]) => [tf.tanh(tf.matMul(h!, w!))])[0]!,
  },
  {
    name: 'customGrad',
    shapes: [[2, 3]],
    f: (x) =>
      tf.customGrad((v, save) => {
        (save as (kept: tf.Tensor[]) => void)([v as tf.Tensor]);
        return {
          value: tf.square(v as tf.Tensor),
          gradFunc: (dy, [kept]) => tf.mul(dy, tf.mul(kept!, 2)),
        };
      })(x!),
  },
];
