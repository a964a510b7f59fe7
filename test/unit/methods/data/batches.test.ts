import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batches } from '../../../../trainer-worker/methods/data/batches';

test('every row comes once an epoch, also where a batch spans two epochs', () => {
  const rows = Float32Array.from({ length: 10 }, (_, i) => i);
  const batches = new Batches(rows, 1, 4, 0);
  const drawn = [1, 2, 3, 4, 5].flatMap((step) => [...batches.of(step)]);
  const sorted = (values: number[]) => values.sort((a, b) => a - b);
  assert.deepEqual(sorted(drawn.slice(0, 10)), [...rows]);
  assert.deepEqual(sorted(drawn.slice(10, 20)), [...rows]);
  assert.notDeepEqual(drawn.slice(0, 10), drawn.slice(10, 20));
});

test('a batch is a function of the step alone', () => {
  const rows = Float32Array.from({ length: 14 }, (_, i) => i);
  const batches = new Batches(rows, 2, 3, 5);
  const later = batches.of(9);
  batches.of(1);
  assert.deepEqual(batches.of(9), later);
  assert.deepEqual(new Batches(rows, 2, 3, 5).of(9), later);
});
