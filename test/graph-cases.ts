import * as tf from '@tensorflow/tfjs';
import type { Node } from '../trainer-worker/graph/graph';
import { input } from '../trainer-worker/graph/ops/build';
import type { Shape } from '../trainer-worker/graph/shape';
import { createGraph, loop, trace } from '../trainer-worker/graph/trace';
import { numbersFrom } from './graph-numbers';
import type { Arrays64 } from './graph-reference';

/** A tfjs expression of float32 tensors. */
export interface GraphCase {
  readonly name: string;
  readonly shapes: readonly Shape[];
  readonly f: (...x: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Where the inputs lie; (-1, 1) where absent. Keeps logarithms defined and kinks away. */
  readonly domain?: readonly [number, number];
}

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

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

const reductions: [string, (x: tf.Tensor, axes?: number[], keep?: boolean) => tf.Tensor][] = [
  ['sum', tf.sum],
  ['mean', tf.mean],
  ['max', tf.max],
  ['min', tf.min],
  ['prod', tf.prod],
  ['logSumExp', tf.logSumExp],
];

const x4 = (x: tf.Tensor) => x as tf.Tensor4D;

const structure: GraphCase[] = [
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
  { name: 'gather', shapes: [[4, 3]], f: (x) => tf.gather(x!, tf.tensor1d([3, 0, 3], 'int32'), 0) },
  {
    name: 'gather of columns by a matrix',
    shapes: [[2, 4]],
    f: (x) =>
      tf.gather(
        x!,
        tf.tensor2d(
          [
            [1, 1],
            [0, 3],
          ],
          [2, 2],
          'int32',
        ),
        1,
      ),
  },
  {
    name: 'oneHot',
    shapes: [[3, 4]],
    f: (x) => tf.mul(x!, tf.oneHot(tf.tensor1d([1, 3, 0], 'int32'), 4)),
  },
  { name: 'cumsum', shapes: [[3, 4]], f: (x) => tf.cumsum(x!, 1) },
  { name: 'cumsum, exclusive, reverse', shapes: [[3, 4]], f: (x) => tf.cumsum(x!, 0, true, true) },
  { name: 'cumprod', shapes: [[2, 4]], f: (x) => tf.cumprod(x!, 1) },
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
    domain: positive,
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

const products: GraphCase[] = [
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
  {
    name: 'conv2d',
    shapes: [
      [2, 4, 5, 2],
      [3, 2, 2, 3],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), 1, 'valid'),
  },
  {
    name: 'conv2d, strides, same',
    shapes: [
      [2, 5, 4, 2],
      [3, 3, 2, 2],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), 2, 'same'),
  },
  {
    name: 'conv2d, stride that leaves a rest',
    shapes: [
      [1, 6, 5, 1],
      [2, 2, 1, 2],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), [3, 2], 'valid'),
  },
  {
    name: 'conv2d, dilated',
    shapes: [
      [1, 6, 6, 2],
      [2, 2, 2, 2],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), 1, 'same', 'NHWC', 2),
  },
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
];

/**
 * Convolutions of batches that ONNX Runtime gets as products of gathered patches; each once where
 * patches of the output's gradient are gathered, and where products are. Too large to differentiate
 * numerically: that is done on the small ones above.
 */
export const batchedConvolutions: readonly GraphCase[] = [
  {
    name: 'more channels than it makes',
    shapes: [
      [16, 4, 3, 3],
      [3, 3, 3, 2],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), 2, 'same'),
  },
  {
    name: 'one channel',
    shapes: [
      [16, 4, 5, 1],
      [3, 3, 1, 6],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), 2, 'same'),
  },
  {
    name: 'stride 1',
    shapes: [
      [17, 3, 3, 2],
      [2, 2, 2, 2],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), 1, 'valid'),
  },
  {
    name: 'one tap',
    shapes: [
      [16, 2, 3, 2],
      [1, 1, 2, 3],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), 1, 'same'),
  },
  {
    name: 'strides that leave positions out',
    shapes: [
      [16, 5, 4, 2],
      [1, 2, 2, 2],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), [3, 2], 'valid'),
  },
  {
    name: 'dilated',
    shapes: [
      [16, 5, 4, 2],
      [2, 2, 2, 2],
    ],
    f: (x, w) => tf.conv2d(x4(x!), x4(w!), 1, 'same', 'NHWC', 2),
  },
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

/** Every operation, on shapes that broadcast, reduce, have size one or are empty. */
export const graphCases: readonly GraphCase[] = [
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
  ...structure,
  ...products,
];

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

/** The scalars are sums of sines with uneven weights, so that linear operations bend too. */
export function buildCase({ shapes, f, domain = [-1, 1] }: GraphCase): BuiltCase {
  const graph = createGraph();
  const inputs = shapes.map((shape, index) => input(graph, `x${index}`, shape));
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
