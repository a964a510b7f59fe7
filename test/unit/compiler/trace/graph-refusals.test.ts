import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { ProblemError } from '../../../../protocol/problem';
import { input } from '../../../../trainer-worker/compiler/graph/ops/build';
import { evaluate } from '../../../../trainer-worker/compiler/run/float64';
import { createGraph, trace } from '../../../../trainer-worker/compiler/trace/trace';

await tf.setBackend('cpu');

const shape = [2, 3];
const values = Float32Array.of(1, -2, 3, 0.5, 4, -1);
const image = (x: tf.Tensor) => tf.reshape(tf.tile(tf.reshape(x, [6]), [5]), [1, 5, 6, 1]);
const positions = (...rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');

/** What a function computes of one [2, 3] tensor when it is traced. */
function traced(f: (x: tf.Tensor) => tf.Tensor) {
  const graph = createGraph();
  const x = input(graph, 'x', shape);
  const { results } = trace(graph, [x], (tensor) => [f(tensor!)]);
  const [numbers] = evaluate(results, new Map([[x, Float64Array.from(values)]]));
  return { shape: results[0]!.shape, numbers: numbers! };
}

type Call = (x: tf.Tensor) => tf.Tensor;

/** What tfjs refuses inside its kernels, which a trace does not run. */
const refused: Readonly<Record<string, Call>> = {
  'einsum without an arrow': (x) => tf.einsum('ij', x),
  'einsum of another number of tensors': (x) => tf.einsum('ij,jk->ik', x),
  'einsum with a letter that no term has': (x) => tf.einsum('ij->ik', x),
  'einsum with sizes that differ': (x) => tf.einsum('ij,ij->i', x, tf.ones([2, 2])),
  'einsum with a letter twice in a term': (x) => tf.einsum('ii->i', tf.matMul(x, x, false, true)),
  'einsum with dots': (x) => tf.einsum('...j->j', x),
  'a sum over an axis that is not there': (x) => tf.sum(x, 2),
  'a mean over an axis before the first': (x) => tf.mean(x, -3),
  'an axis that is no whole number': (x) => tf.max(x, 0.5),
  'argMax of an axis that is not there': (x) => tf.argMax(x, 2),
  'argMin of an axis that is not there': (x) => tf.argMin(x, -3),
  'concat along an axis that is not there': (x) => tf.concat([x, x], 2),
  'parts of another size than the whole': (x) => tf.split(x, [1, 1], 1)[0]!,
  'two parts of unknown size': (x) => tf.split(x, [-1, -1, 1], 1)[0]!,
  'parts along an axis that is not there': (x) => tf.split(x, 1, 2)[0]!,
  'reverse of an axis that is not there': (x) => tf.reverse(x, 2),
  'expandDims far before the first axis': (x) => tf.expandDims(x, -4),
  'reshape to a size that does not divide': (x) => tf.reshape(x, [-1, 4]),
  'reshape to two unknown sizes': (x) => tf.reshape(x, [-1, -1]),
  'a slice that leaves the tensor': (x) => tf.slice(x, [1, 1], [1, 3]),
  'a slice with too many axes': (x) => tf.slice(x, [0, 0, 0], [1, 1, 1]),
  'gather along an axis that is not there': (x) => tf.gather(x, [0], 2),
  'gather of a position past the end': (x) => tf.gather(x, [0, 3], 1),
  'gather of a position before the start': (x) => tf.gather(x, [-1], 1),
  'gather of a position that is computed from constants': (x) =>
    tf.gather(x, tf.add(tf.tensor1d([1, 2], 'int32'), tf.scalar(1, 'int32')) as tf.Tensor1D, 1),
  'gather with batches that do not fit': (x) => tf.gather(x, positions([0], [1], [0]), 1, 1),
  'gather with a batch after the axis': (x) => tf.gather(x, positions([0], [1]), 0, 1),
  'gatherND of a position outside': (x) => tf.gatherND(x, positions([2, 0])),
  'gatherND with too many axes': (x) => tf.gatherND(x, positions([0, 0, 0])),
  'scatterND to a position outside': (x) => tf.scatterND(positions([4], [0]), x, [3, 3]),
  'tensorScatterUpdate of a position outside': (x) =>
    tf.tensorScatterUpdate(x, positions([2, 2]), tf.tensor1d([1])),
  'sparseToDense of a position outside': (x) =>
    tf.sparseToDense(positions([0, 3]), tf.tensor1d([1]), [1, 3]).add(tf.slice(x, 0, 1)),
  'counts of negative numbers': (x) =>
    tf.bincount(
      tf.tensor1d([1, -1], 'int32'),
      tf.slice(tf.reshape(x, [6]), 0, 2) as tf.Tensor1D,
      3,
    ),
  'a padding of a convolution that is none': (x) =>
    tf.conv2d(image(x) as tf.Tensor4D, tf.ones([2, 2, 1, 1]), 1, 'full' as 'same'),
  'a way of rounding that is none': (x) =>
    tf.conv2d(image(x) as tf.Tensor4D, tf.ones([2, 2, 1, 1]), 1, 0, 'NHWC', 1, 'up' as 'ceil'),
};

/** What tfjs computes something of that nobody asked for. */
const meaningless: Readonly<Record<string, Call>> = {
  'an einsum whose terms are longer than the tensor': (x) => tf.einsum('ijk->ij', x),
  'an einsum with a letter twice in the result': (x) => tf.einsum('ij->ii', x),
  'an axis that is named twice': (x) => tf.sum(x, [1, -1]),
  'an order of axes that has one twice': (x) => tf.transpose(x, [1, 1]),
  'a slice that begins between two rows': (x) => tf.slice(x, [0.5, 0], [1, 3]),
  'a shape that is not whole': (x) => tf.scatterND(positions([0], [1]), x, [2.5, 3]),
  'images of no size': (x) => tf.image.resizeBilinear(image(x) as tf.Tensor4D, [-4, 3]),
  'a negative radius': (x) => tf.localResponseNormalization(image(x) as tf.Tensor4D, -1),
  'cumsum along an axis that is not there': (x) => tf.cumsum(x, 3),
  'a negative padding': (x) => tf.pad(x, [[0, 0], [-1, 0]]), // biome-ignore format: as it is written
  'paddings of too few axes': (x) => tf.pad(x, [[0, 0]]),
  'repetitions less than none': (x) => tf.tile(x, [1, -1]),
  'a position outside its axis, though inside the tensor': (x) =>
    tf.scatterND(positions([0, 4]), tf.slice(tf.reshape(x, [6]), 0, 1), [3, 3]),
  'segments that are not one a row': (x) => tf.unsortedSegmentSum(x, tf.tensor1d([0], 'int32'), 2),
  'statistics of more channels than there are': (x) =>
    tf.batchNorm(tf.slice(x, 0, [2, 1]) as tf.Tensor2D, tf.zeros([3]), tf.ones([3])),
  'a transposed convolution of what no convolution gives': (x) =>
    tf.conv2dTranspose(image(x) as tf.Tensor4D, tf.ones([2, 2, 1, 1]), [1, 4, 4, 1], 1, 'same'),
  'the derivative in whole numbers': (x) =>
    tf.grad((p: tf.Tensor) => tf.sum(tf.mul(p, x)))(tf.ones(shape, 'int32')),
  'a gradient by hand of another shape': (x) =>
    tf.grad((p: tf.Tensor) =>
      tf.customGrad((a) => ({
        value: tf.sum(a as tf.Tensor),
        gradFunc: (dy) => dy,
      }))(p),
    )(x),
};

describe('what tfjs refuses inside its kernels is refused at the user’s line', () => {
  for (const [name, call] of Object.entries({ ...refused, ...meaningless })) {
    test(name, () => {
      if (name in refused) assert.throws(() => call(tf.tensor(values, shape)), Error);
      assert.throws(
        () => traced(call),
        (error) => {
          assert.ok(error instanceof ProblemError, String(error));
          assert.match(error.problem.location?.file ?? '', /graph-refusals\.test\.ts$/);
          assert.ok(error.problem.remedy);
          return true;
        },
      );
    });
  }
});

const two = [2, 2] as [number, number];
const filter = tf.tensor4d([1, 2, -1, 0.5], [2, 2, 1, 1]);

/** What was computed otherwise than tfjs does. */
const computed: Readonly<Record<string, Call>> = {
  'steps of 1 go down where the end lies below': (x) => tf.add(x, tf.range(3, 0)),
  'segments outside are left out': (x) =>
    tf.unsortedSegmentSum(tf.transpose(x), tf.tensor1d([-1, 1, 2], 'int32'), 2),
  'a list of positions in one axis': (x) => tf.scatterND(tf.tensor1d([3, 1], 'int32'), x, [4, 3]),
  'of updates of equal positions the last counts': (x) =>
    tf.tensorScatterUpdate(x, positions([0, 1], [1, 1], [0, 1]), tf.tensor1d([5, 6, 7])),
  'a padding of whole numbers by a fraction': (x) =>
    tf.pad(
      tf.cast(x, 'int32'),
      [
        [1, 0],
        [0, 0],
      ],
      0.5,
    ),
  'a step of what is not a number': (x) => tf.step(tf.div(tf.sub(x, x), tf.relu(x))),
  'the smallest of conditions': (x) => tf.argMin(tf.greater(x, 0), 1),
  ...Object.fromEntries(
    (['floor', 'round', 'ceil'] as const).flatMap((mode): [string, Call][] => [
      [
        `a convolution whose windows do not fit, ${mode}`,
        (x) => tf.conv2d(image(x) as tf.Tensor4D, filter, two, 0, 'NHWC', 1, mode),
      ],
      [
        `the largest of windows that do not fit, ${mode}`,
        (x) => tf.maxPool(image(x) as tf.Tensor4D, two, 3, 0, mode),
      ],
      [
        `the mean of windows that do not fit, ${mode}`,
        (x) => tf.avgPool(image(x) as tf.Tensor4D, two, 3, 0, mode),
      ],
    ]),
  ),
};

describe('what tfjs computes is computed', () => {
  for (const [name, call] of Object.entries(computed)) {
    test(name, () => {
      // tfjs writes into the numbers of tensors that it updates.
      const expected = call(tf.tensor(values.slice(), shape));
      const actual = traced(call);
      assert.deepEqual(actual.shape, expected.shape);
      // Sums of a few numbers of order 1 in float32.
      [...expected.dataSync()].forEach((number, index) => {
        const other = actual.numbers[index]!;
        assert.ok(
          Object.is(other, number) || Math.abs(other - number) <= 1e-5,
          `[${index}] is ${other}, not ${number}`,
        );
      });
    });
  }

  test('an einsum of any number of tensors, as its definition sums', () => {
    const a = [0, 1, 2].map((row) => tf.tensor2d([[row + 1, -row], [0.5, row]])); // biome-ignore format: a matrix
    const numbers = a.map((matrix) => matrix.arraySync());
    const x = [[1, -2, 3], [0.5, 4, -1]]; // biome-ignore format: a matrix
    const { numbers: chain } = traced((p) => tf.einsum('ij,jk,kl,lm->im', a[0]!, a[1]!, a[2]!, p));
    for (const i of [0, 1]) {
      for (const m of [0, 1, 2]) {
        let sum = 0;
        for (const j of [0, 1]) {
          for (const k of [0, 1]) {
            for (const l of [0, 1]) {
              sum += numbers[0]![i]![j]! * numbers[1]![j]![k]! * numbers[2]![k]![l]! * x[l]![m]!;
            }
          }
        }
        assert.ok(
          Math.abs(chain[3 * i + m]! - sum) <= 1e-12,
          `${chain} ${sum} ${i} ${m} ${JSON.stringify(numbers)}`,
        );
      }
    }
    const { numbers: cubes } = traced((p) => {
      const square = tf.mul(p, p);
      return tf.einsum('bi,bi,bi->b', square, square, square);
    });
    x.forEach((row, b) => {
      assert.ok(Math.abs(cubes[b]! - row.reduce((sum, value) => sum + value ** 6, 0)) <= 1e-9);
    });
  });

  test('a gradient written by hand before the trace began', () => {
    const doubled = tf.customGrad((p) => ({
      value: tf.square(p as tf.Tensor),
      gradFunc: (dy) => tf.mul(dy, 7),
    }));
    const { numbers } = traced((x) => tf.grad((p: tf.Tensor) => tf.sum(doubled(p)))(x));
    assert.deepEqual([...numbers], new Array(6).fill(7));
  });

  test('the slope of smooth activations where their branches meet, and the left one at kinks', () => {
    const at = (f: Call, place: number) =>
      traced((x) => tf.grad((p: tf.Tensor) => tf.sum(f(p)))(tf.add(tf.mul(x, 0), place)))
        .numbers[0]!;
    assert.equal(at(tf.elu, 0), 1);
    // Its scale times its alpha (Klambauer et al. 2017).
    assert.ok(Math.abs(at(tf.selu, 0) - 1.0507009873554805 * 1.6732632423543772) <= 1e-6);
    assert.equal(at(tf.relu6, 6), 1);
    assert.equal(at(tf.relu6, 0), 0);
  });
});
