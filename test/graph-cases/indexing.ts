import * as tf from '@tensorflow/tfjs';
import type { GraphCase } from './graph-case';

const whole = (values: number[], shape: number[] = [values.length]) =>
  tf.tensor(values, shape, 'int32');

/** What takes elements by position or puts them there. Positions of the largest do not move. */
export const indexingCases: readonly GraphCase[] = [
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
  {
    name: 'gather with batch dimensions',
    shapes: [[2, 3, 4]],
    f: (x) => tf.gather(x!, whole([2, 0, 1, 1], [2, 2]), 1, 1),
  },
  {
    name: 'gather of a later axis with batch dimensions',
    shapes: [[2, 2, 3]],
    f: (x) => tf.gather(x!, whole([2, 0, 1, 1], [2, 2]), 2, 1),
  },
  {
    name: 'gather of nothing',
    shapes: [[3, 2]],
    f: (x) => tf.gather(x!, whole([]), 0),
  },
  {
    name: 'gatherND',
    shapes: [[3, 4, 2]],
    f: (x) => tf.gatherND(x!, whole([2, 3, 0, 1, 2, 3], [3, 2])),
  },
  {
    name: 'scatterND, twice at one place',
    shapes: [[3, 2]],
    f: (x) => tf.scatterND(whole([1, 3, 1], [3, 1]), tf.square(x!), [4, 2]),
  },
  {
    name: 'tensorScatterUpdate',
    shapes: [
      [4, 2],
      [2, 2],
    ],
    f: (x, y) => tf.tensorScatterUpdate(tf.square(x!), whole([2, 0], [2, 1]), tf.mul(y!, y!)),
  },
  {
    name: 'sparseToDense',
    shapes: [[2]],
    f: (x) => tf.sparseToDense(whole([3, 1]), tf.square(x!), [5], 0),
  },
  {
    name: 'unsortedSegmentSum',
    shapes: [[4, 2]],
    f: (x) => tf.unsortedSegmentSum(tf.square(x!), tf.tensor1d([1, 0, 1, 2], 'int32'), 3),
  },
  { name: 'topk values', shapes: [[2, 5]], f: (x) => tf.square(tf.topk(x!, 3).values) },
  {
    name: 'topk indices',
    shapes: [[2, 5]],
    f: (x) => tf.mul(x!, tf.cast(tf.topk(x!, 5).indices, 'float32')),
  },
  { name: 'topk of no rows', shapes: [[0, 3]], f: (x) => tf.topk(x!, 2).values },
  {
    name: 'argMax and argMin',
    shapes: [[3, 4]],
    f: (x) =>
      tf.mul(
        tf.add(tf.cast(tf.argMax(x!, 1), 'float32'), tf.cast(tf.argMin(x!, -1), 'float32')),
        tf.sum(tf.square(x!), 1),
      ),
  },
  {
    name: 'searchSorted',
    shapes: [[4]],
    f: (x) => {
      const edges = tf.tensor1d([-0.5, 0, 0.5]);
      const place = tf.add(tf.lowerBound(edges, x!), tf.upperBound(edges, x!));
      return tf.mul(x!, tf.cast(place, 'float32'));
    },
  },
  {
    name: 'bincount with weights',
    shapes: [[4]],
    f: (x) => tf.bincount(tf.tensor1d([1, 0, 1, 5], 'int32'), x as tf.Tensor1D, 3),
  },
  {
    name: 'denseBincount',
    shapes: [[2, 2]],
    f: (x) =>
      tf.mul(
        x!,
        tf.denseBincount(
          tf.tensor2d(
            [
              [1, 0],
              [1, 1],
            ],
            [2, 2],
            'int32',
          ),
          tf.tensor1d([]) as unknown as tf.Tensor2D,
          2,
        ),
      ),
  },
];
