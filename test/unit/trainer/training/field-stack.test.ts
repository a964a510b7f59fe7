import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  stackFields,
  stackResolution,
} from '../../../../trainer-worker/trainer/training/field-stack';

test('fields of a stack are as fine as a single one, until they are many', () => {
  assert.equal(stackResolution(96, 3), 96);
  assert.equal(stackResolution(1024, 2), 128);
  assert.equal(stackResolution(96, 12), 52);
  assert.equal(stackResolution(8, 12), 8);
});

test('values of each cell become a field each', () => {
  const stack = stackFields(Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40), 2);
  assert.deepEqual(stack, { values: Float32Array.of(1, 2, 3, 4, 10, 20, 30, 40), resolution: 2 });
});
