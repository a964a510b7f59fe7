import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestRows } from '../../../../webview/store/nearest-rows';
import { fc } from '../../../support/fast-check';

test('the nearest rows are those of a full search, nearest first', () => {
  const numbers = fc.float32Array({ minLength: 3, maxLength: 120, noNaN: true, min: -10, max: 10 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 6 }), (all, count) => {
      const point = all.slice(0, 3);
      const rows = all.slice(0, all.length - (all.length % 3));
      const found = nearestRows(point, rows, count, (value) => 2 * value);
      const distances = Array.from({ length: rows.length / 3 }, (_, row) =>
        Math.sqrt(
          [0, 1, 2].reduce((sum, at) => sum + (2 * (rows[3 * row + at]! - point[at]!)) ** 2, 0) / 3,
        ),
      );
      const nearest = [...distances].sort((a, b) => a - b).slice(0, count);
      assert.equal(found.length, nearest.length);
      for (const [place, { index, distance }] of found.entries()) {
        // Single precision holds the doubled numbers of the point exactly: only sums are rounded.
        assert.ok(Math.abs(distance - nearest[place]!) < 1e-9);
        assert.ok(Math.abs(distance - distances[index]!) < 1e-9);
      }
      assert.equal(new Set(found.map(({ index }) => index)).size, found.length);
    }),
  );
});

test('a row that is no number is near to nothing', () => {
  const rows = Float32Array.of(Number.NaN, 1, 3);
  assert.deepEqual(nearestRows(Float32Array.of(1.5), rows, 3), [
    { index: 1, distance: 0.5 },
    { index: 2, distance: 1.5 },
  ]);
});
