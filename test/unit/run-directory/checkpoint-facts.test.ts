/** How the numbers of a checkpoint are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkpointFacts, tensorFacts } from '../../../run-directory/checkpoint-facts';

test('moments are of the finite numbers, which others are counted beside', () => {
  const facts = tensorFacts('w', [2, 3], Float32Array.of(1, 2, Number.NaN, 3, Infinity, 6));
  assert.deepEqual([facts.count, facts.notFinite, facts.min, facts.max], [6, 2, 1, 6]);
  assert.equal(facts.mean, 3);
  // Squares 4 + 1 + 0 + 9 about the mean, of four.
  assert.ok(Math.abs(facts.deviation - Math.sqrt(3.5)) < 1e-12);
  assert.equal(
    facts.cells.reduce((sum, cell) => sum + cell, 0),
    4,
  );
  const none = tensorFacts('w', [1], Float32Array.of(Number.NaN));
  assert.deepEqual([none.notFinite, none.cells], [1, []]);
});

test('a deviation that is small beside the mean is not lost in its square', () => {
  // Exact in single precision, about a mean whose square has no room for their deviation in float64.
  const data = Float32Array.from({ length: 1000 }, (_, at) => 16_000_000 + (at % 2));
  assert.ok(Math.abs(tensorFacts('w', [1000], data).deviation - 0.5) < 1e-9);
});

test('a checkpoint is told by its parameters, their averages and its buffer, not by what the optimizer keeps', () => {
  const tensor = (name: string, ...data: number[]) => ({
    ...{ name, shape: [data.length], data: Float32Array.from(data) },
  });
  const facts = checkpointFacts({
    step: 10,
    metadata: {},
    tensors: [
      tensor('parameters/dense/kernel', 1, 2),
      tensor('average/dense/kernel', 3),
      tensor('moments/dense/kernel', 5),
      tensor('buffer', 0, 1, 0, 1),
      tensor('buffer births', 4, 0),
    ],
  });
  const names = (tensors: readonly { readonly name: string }[]) => tensors.map(({ name }) => name);
  assert.deepEqual(names(facts.parameters), ['dense/kernel']);
  assert.deepEqual(names(facts.averages), ['dense/kernel']);
  assert.deepEqual(names(facts.buffer), ['values', 'ages in steps']);
  assert.deepEqual([facts.buffer[1]!.min, facts.buffer[1]!.max], [6, 10]);
});
