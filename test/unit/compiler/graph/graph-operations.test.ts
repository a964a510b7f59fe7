import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import { ProblemError } from '../../../../protocol/problem';
import { input } from '../../../../trainer-worker/compiler/graph/ops/build';
import { evaluate } from '../../../../trainer-worker/compiler/run/float64';
import { refusedKernels } from '../../../../trainer-worker/compiler/tfjs-kernels/refused';
import { sources } from '../../../../trainer-worker/compiler/tfjs-kernels/source';
import { kernels } from '../../../../trainer-worker/compiler/tfjs-kernels/table';
import { createGraph, trace } from '../../../../trainer-worker/compiler/trace/trace';
import { numbersFrom } from '../../../graph-numbers';
import { notOperations, type Operands, operations } from '../../../graph-operations';

await tf.setBackend('cpu');

const random = numbersFrom(13);
const numbers = (shape: number[]) => Float32Array.from(random(shape));
const values: Record<keyof Operands, { data: tf.TypedArray; shape: number[]; dtype: tf.DataType }> =
  {
    x: { data: numbers([2, 3]), shape: [2, 3], dtype: 'float32' },
    y: { data: numbers([2, 3]).map((y) => Math.abs(y) + 0.2), shape: [2, 3], dtype: 'float32' },
    v: { data: numbers([4]), shape: [4], dtype: 'float32' },
    i: { data: Int32Array.of(2, 0, 1), shape: [3], dtype: 'int32' },
    b: { data: Uint8Array.of(1, 0, 0, 1, 1, 0), shape: [2, 3], dtype: 'bool' },
    image: { data: numbers([1, 4, 4, 2]), shape: [1, 4, 4, 2], dtype: 'float32' },
    filter: { data: numbers([2, 2, 2, 2]), shape: [2, 2, 2, 2], dtype: 'float32' },
  };
const names = Object.keys(values) as (keyof Operands)[];
const operandsOf = (tensors: readonly tf.Tensor[]) =>
  Object.fromEntries(names.map((name, index) => [name, tensors[index]!])) as unknown as Operands;

function traced(call: (operands: Operands) => tf.Tensor | tf.Tensor[]) {
  const graph = createGraph();
  const leaves = names.map((name) =>
    input(graph, name, values[name].shape, values[name].dtype as 'float32'),
  );
  const { results } = trace(graph, leaves, (...tensors) => [call(operandsOf(tensors))].flat());
  const given = new Map(
    leaves.map((leaf, index) => [leaf, Float64Array.from(values[names[index]!].data)]),
  );
  return { results, numbers: () => evaluate(results, given) };
}

describe('every function of tfjs is compiled as tfjs computes it, or refused', () => {
  for (const [name, verdict] of Object.entries(operations)) {
    test(name, () => {
      if ('refused' in verdict) {
        assert.throws(
          () => traced(verdict.refused),
          (error) => {
            assert.ok(error instanceof ProblemError, String(error));
            assert.match(`${error.problem.message} ${error.problem.remedy}`, verdict.because);
            assert.match(error.problem.location?.file ?? '', /graph-operations/);
            assert.ok(error.problem.remedy);
            return true;
          },
        );
        return;
      }
      const tensors = names.map((key) =>
        tf.tensor(values[key].data.slice(), values[key].shape, values[key].dtype),
      );
      const expected = [verdict.compiled(operandsOf(tensors))].flat();
      const { results, numbers: actual } = traced(verdict.compiled);
      const computed = actual();
      expected.forEach((tensor, index) => {
        assert.deepEqual(results[index]!.shape, tensor.shape);
        assert.equal(results[index]!.dtype, tensor.dtype);
        [...tensor.dataSync()].forEach((number, place) => {
          // tfjs computes in float32, its erf to seven digits; the graph is evaluated in float64.
          const same =
            Object.is(computed[index]![place]!, number) ||
            Math.abs(computed[index]![place]! - number) <= 2e-6 * (1 + Math.abs(number));
          assert.ok(same, `${index}[${place}]: ${computed[index]![place]} but ${number}`);
        });
      });
    });
  }
});

describe('nothing is missing', () => {
  test('every function of tf and its namespaces has a verdict', () => {
    const spaces = ['fused', 'image', 'linalg', 'losses', 'math', 'signal', 'sparse', 'spectral'];
    const all = (space: object, prefix: string) =>
      Object.entries(space).flatMap(([name, value]) =>
        // Classes begin with a capital letter.
        typeof value === 'function' && /^[a-z]/.test(name) ? [`${prefix}${name}`] : [],
      );
    const exported = [
      ...all(tf, ''),
      ...[...spaces, 'string'].flatMap((space) =>
        all((tf as unknown as Record<string, object>)[space]!, `${space}.`),
      ),
    ];
    const known = (name: string) => name in operations || notOperations.has(name);
    assert.deepEqual(
      exported.filter((name) => !known(name)),
      [],
    );
    assert.deepEqual(
      Object.keys(operations).filter((name) => !exported.includes(name)),
      [],
    );
  });

  test('every kernel of tfjs is compiled or refused with a reason, and none is both', () => {
    const ofTfjs = ['cpu', 'wasm']
      .flatMap((backend) => tf.getKernelsForBackend(backend))
      .map(({ kernelName }) => kernelName);
    const has = (name: string) => kernels.has(name) || name in sources;
    assert.deepEqual(
      ofTfjs.filter((name) => has(name) === refusedKernels.has(name)),
      [],
    );
  });
});
