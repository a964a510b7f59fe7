import * as tf from '@tensorflow/tfjs';
import type { GraphCase } from './graph-case';

const x4 = (x: tf.Tensor) => x as tf.Tensor4D;

type Arguments = Parameters<typeof tf.conv2d>;

/** A case of `tf.conv2d`: shapes of the input and the filter, then its other arguments. */
const convolution = (
  name: string,
  input: readonly number[],
  filter: readonly number[],
  strides: Arguments[2],
  padding: Arguments[3],
  format?: Arguments[4],
  dilations?: Arguments[5],
): GraphCase => ({
  name,
  shapes: [input, filter],
  f: (x, w) => tf.conv2d(x4(x!), x4(w!), strides, padding, format, dilations),
});

/** Matrix products, convolutions, pooling. */
export const productCases: readonly GraphCase[] = [
  ...[false, true].flatMap((ta) =>
    [false, true].map(
      (tb): GraphCase => ({
        name: `matMul ${ta ? 'Aᵀ' : 'A'} ${tb ? 'Bᵀ' : 'B'}`,
        shapes: [ta ? [3, 2] : [2, 3], tb ? [4, 3] : [3, 4]],
        f: (a, b) => tf.matMul(a!, b!, ta, tb),
      }),
    ),
  ),
  {
    name: 'matMul, batched',
    shapes: [
      [2, 2, 3],
      [2, 4, 3],
    ],
    f: (a, b) => tf.matMul(a!, b!, false, true),
  },
  {
    name: 'matMul, batch broadcast',
    shapes: [
      [1, 2, 3],
      [2, 3, 2],
    ],
    f: (a, b) => tf.matMul(a!, b!),
  },
  {
    name: 'matMul, inner size one',
    shapes: [
      [3, 1],
      [1, 2],
    ],
    f: (a, b) => tf.matMul(a!, b!),
  },
  {
    name: 'matMul, no rows',
    shapes: [
      [0, 3],
      [3, 2],
    ],
    f: (a, b) => tf.matMul(a!, b!),
  },
  {
    name: 'matMul by equal numbers',
    shapes: [[2, 3]],
    f: (a) =>
      tf.add(
        tf.matMul(a!, tf.fill([3, 2], 0.5)),
        tf.matMul(tf.ones([2, 2]), tf.matMul(a!, a!, false, true)),
      ),
  },
  { name: 'dot', shapes: [[3], [3]], f: (a, b) => tf.dot(a!, b!) },
  {
    name: 'fused matMul',
    shapes: [[2, 3], [3, 2], [2]],
    f: (a, b, bias) =>
      tf.fused.matMul({
        a: a!,
        b: b!,
        transposeA: false,
        transposeB: false,
        bias: bias!,
        activation: 'sigmoid',
      }),
  },
  convolution('conv2d', [2, 4, 5, 2], [3, 2, 2, 3], 1, 'valid'),
  convolution('conv2d, strides, same', [2, 5, 4, 2], [3, 3, 2, 2], 2, 'same'),
  convolution('conv2d, stride that leaves a rest', [1, 6, 5, 1], [2, 2, 1, 2], [3, 2], 'valid'),
  convolution('conv2d, dilated', [1, 6, 6, 2], [2, 2, 2, 2], 1, 'same', 'NHWC', 2),
  {
    name: 'conv2d, explicit padding',
    shapes: [
      [1, 3, 3, 1],
      [2, 2, 1, 2],
    ],
    f: (x, w) =>
      tf.conv2d(x4(x!), x4(w!), 1, [
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 0],
      ]),
  },
  {
    name: 'conv1d',
    shapes: [
      [2, 5, 2],
      [3, 2, 2],
    ],
    f: (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, 'same'),
  },
  {
    name: 'depthwise',
    shapes: [
      [2, 4, 4, 2],
      [3, 3, 2, 1],
    ],
    f: (x, w) => tf.depthwiseConv2d(x4(x!), x4(w!), 1, 'same'),
  },
  {
    name: 'depthwise, multiplier, strides',
    shapes: [
      [1, 5, 5, 2],
      [2, 2, 2, 2],
    ],
    f: (x, w) => tf.depthwiseConv2d(x4(x!), x4(w!), 2, 'valid'),
  },
  {
    name: 'conv2dTranspose',
    shapes: [
      [1, 3, 3, 2],
      [3, 3, 2, 2],
    ],
    f: (x, w) => tf.conv2dTranspose(x4(x!), x4(w!), [1, 6, 6, 2], 2, 'same'),
  },
  {
    name: 'fused conv2d',
    shapes: [[1, 4, 4, 2], [2, 2, 2, 2], [2]],
    f: (x, filter, bias) =>
      tf.fused.conv2d({
        x: x4(x!),
        filter: x4(filter!),
        strides: 1,
        pad: 'same',
        bias: bias!,
        activation: 'elu',
      }),
  },
  { name: 'avgPool', shapes: [[1, 4, 4, 2]], f: (x) => tf.avgPool(x4(x!), 2, 2, 'valid') },
  { name: 'avgPool, same', shapes: [[1, 5, 4, 1]], f: (x) => tf.avgPool(x4(x!), 3, 2, 'same') },
  { name: 'maxPool', shapes: [[1, 4, 4, 2]], f: (x) => tf.maxPool(x4(x!), 2, 2, 'valid') },
  { name: 'maxPool, same', shapes: [[1, 5, 4, 1]], f: (x) => tf.maxPool(x4(x!), 3, 2, 'same') },
  {
    name: 'separableConv2d',
    shapes: [
      [1, 4, 4, 2],
      [2, 2, 2, 1],
      [1, 1, 2, 3],
    ],
    f: (x, depth, point) => tf.separableConv2d(x4(x!), x4(depth!), x4(point!), 1, 'same'),
  },
  {
    name: 'fused depthwiseConv2d',
    shapes: [[1, 4, 4, 2], [2, 2, 2, 1], [2]],
    f: (x, filter, bias) =>
      tf.fused.depthwiseConv2d({
        x: x4(x!),
        filter: x4(filter!),
        strides: 1,
        pad: 'valid',
        bias: bias!,
        activation: 'relu6',
      }),
  },
  {
    name: 'pool, dilated',
    shapes: [[1, 5, 5, 1]],
    f: (x) => tf.pool(x4(x!), 2, 'avg', 'valid', 2, 1),
  },
  {
    name: 'dilation2d',
    shapes: [
      [1, 4, 4, 2],
      [2, 2, 2],
    ],
    f: (x, w) => tf.dilation2d(x4(x!), w as tf.Tensor3D, 1, 'valid'),
  },
  {
    name: 'localResponseNormalization',
    shapes: [[1, 2, 2, 4]],
    f: (x) => tf.localResponseNormalization(x4(x!), 1, 1, 0.5, 0.75),
  },
  ...[
    { alignCorners: false, half: false },
    { alignCorners: true, half: false },
    { alignCorners: false, half: true },
  ].flatMap(({ alignCorners, half }): GraphCase[] => [
    {
      name: `resizeBilinear${alignCorners ? ', corners aligned' : ''}${half ? ', half pixels' : ''}`,
      shapes: [[1, 3, 4, 2]],
      f: (x) => tf.image.resizeBilinear(x4(x!), [5, 2], alignCorners, half),
    },
    {
      name: `resizeNearestNeighbor${alignCorners ? ', corners aligned' : ''}${half ? ', half pixels' : ''}`,
      shapes: [[1, 3, 4, 2]],
      f: (x) => tf.image.resizeNearestNeighbor(x4(x!), [5, 2], alignCorners, half),
    },
  ]),
  {
    name: 'outerProduct',
    shapes: [[3], [2]],
    f: (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D),
  },
  ...(
    [
      ['ij,jk->ik', [2, 3], [3, 4]],
      ['ij,ij->ij', [2, 3], [2, 3]],
      ['bij,bkj->bik', [2, 2, 3], [2, 4, 3]],
      ['bqhd,bkhd->bhqk', [1, 2, 2, 3], [1, 3, 2, 3]],
      ['i,j->ji', [2], [3]],
      ['ij,k->j', [2, 3], [2]],
    ] as const
  ).map(
    ([equation, a, b]): GraphCase => ({
      name: `einsum ${equation}`,
      shapes: [a, b],
      f: (x, y) => tf.einsum(equation, x!, y!),
    }),
  ),
  { name: 'einsum ij->j', shapes: [[2, 3]], f: (x) => tf.einsum('ij->j', x!) },
];

/**
 * Convolutions of batches that ONNX Runtime gets as products of gathered patches; each once where
 * patches of the output's gradient are gathered, and where products are. Too large to differentiate
 * numerically: that is done on the small ones above.
 */
export const batchedConvolutions: readonly GraphCase[] = [
  convolution('more channels than it makes', [16, 4, 3, 3], [3, 3, 3, 2], 2, 'same'),
  convolution('one channel', [16, 4, 5, 1], [3, 3, 1, 6], 2, 'same'),
  convolution('stride 1', [17, 3, 3, 2], [2, 2, 2, 2], 1, 'valid'),
  convolution('one tap', [16, 2, 3, 2], [1, 1, 2, 3], 1, 'same'),
  convolution('strides that leave positions out', [16, 5, 4, 2], [1, 2, 2, 2], [3, 2], 'valid'),
  convolution('dilated', [16, 5, 4, 2], [2, 2, 2, 2], 1, 'same', 'NHWC', 2),
  {
    name: 'explicit padding',
    shapes: [
      [16, 3, 3, 1],
      [2, 2, 1, 5],
    ],
    f: (x, w) =>
      tf.conv2d(x4(x!), x4(w!), 1, [
        [0, 0],
        [1, 0],
        [0, 2],
        [0, 0],
      ]),
  },
  {
    name: 'transposed',
    shapes: [
      [16, 2, 3, 2],
      [3, 3, 2, 2],
    ],
    f: (x, w) => tf.conv2dTranspose(x4(x!), x4(w!), [16, 4, 6, 2], 2, 'same'),
  },
  {
    name: 'two layers',
    shapes: [[16, 6, 5, 1], [3, 3, 1, 3], [3], [2, 2, 3, 2]],
    f: (x, w0, bias, w1) => {
      const h = tf.add(tf.conv2d(x4(x!), x4(w0!), 2, 'same'), bias!);
      const active = tf.mul(h, tf.sigmoid(h));
      return tf.sum(tf.conv2d(x4(active), x4(w1!), 1, 'valid'), [1, 2, 3]);
    },
  },
];
