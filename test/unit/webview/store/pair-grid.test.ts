/** Pairs of columns: which there are, where they lie, and how they are correlated. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  boxOf,
  correlation,
  pairCells,
  pairGrid,
  validPairColumns,
  withToggled,
} from '../../../../webview/store/pair-grid';
import { normals } from '../../../fixtures/fake-tables';
import { fc } from '../../../support/fast-check';

describe('columns in pairs', () => {
  test('are those that were kept, as far as there are such', () => {
    assert.deepEqual(validPairColumns(undefined, 3), [0, 1, 2]);
    assert.deepEqual(validPairColumns(undefined, 20), [0, 1, 2, 3, 4]);
    assert.deepEqual(validPairColumns([7, 2], 8), [2, 7]);
    assert.deepEqual(validPairColumns([7, 2, 2], 7), [0, 1, 2, 3, 4]);
    assert.deepEqual(validPairColumns([1, 99], 100), [0, 1, 2, 3, 4]);
    assert.equal(validPairColumns([9, 8, 7, 6, 5, 4, 3, 2, 1], 12).length, 8);
  });

  test('are two at least and eight at most', () => {
    assert.deepEqual(withToggled([0, 2, 5], 2), [0, 5]);
    assert.equal(withToggled([0, 5], 5), undefined);
    assert.deepEqual(withToggled([0, 5], 3), [0, 3, 5]);
    assert.equal(withToggled([0, 1, 2, 3, 4, 5, 6, 7], 8), undefined);
  });

  test('have a cell each below the diagonal, apart from one another and within the plot', () => {
    const margin = { left: 54, right: 4, top: 4, bottom: 38 };
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 8 }),
        fc.integer({ min: 320, max: 2000 }),
        fc.integer({ min: 360, max: 1000 }),
        (count, width, height) => {
          const grid = pairGrid(count, [width, height], margin);
          const boxes = pairCells(count).map((cell) => boxOf(grid, cell));
          assert.equal(boxes.length, (count * (count - 1)) / 2);
          for (const [k, box] of boxes.entries()) {
            assert.ok(box.left >= margin.left && box.top > margin.top);
            assert.ok(box.left + box.width <= width - margin.right);
            assert.ok(box.top + box.height <= height - margin.bottom);
            for (const other of boxes.slice(0, k)) {
              const isBeside = other.left + other.width < box.left || other.left > box.left;
              assert.ok(isBeside || other.top + other.height < box.top);
            }
          }
        },
      ),
    );
  });
});

describe('the correlation of two columns', () => {
  test('is what is computed by hand', () => {
    // Deviations of ∓1.5, ∓0.5 and of 2, 1, 4, 3: sums of products 3, of squares 5 and 5.
    const rows = Float32Array.of(1, 9, 2, 2, 9, 1, 3, 9, 4, 4, 9, 3);
    assert.ok(Math.abs(correlation(rows, 3, [0, 2])! - 0.6) < 1e-15);
    assert.equal(correlation(rows, 3, [2, 2]), 1);
  });

  test('is not there where a column does not vary, or is no number', () => {
    // A tenth is no number of single precision, nor a third of three of them.
    const rows = Float32Array.of(0.1, 1, Number.NaN, 0.1, 2, 1, 0.1, 4, 2);
    assert.equal(correlation(rows, 3, [0, 1]), undefined);
    assert.equal(correlation(rows, 3, [1, 2]), undefined);
    assert.equal(correlation(new Float32Array(0), 3, [0, 1]), undefined);
  });

  test('does not change with the units of the columns, but for a sign', () => {
    const rows = normals(600, 17);
    const moved = rows.map((value, at) => (at % 2 === 0 ? 1000 - 8 * value : value));
    // Of numbers of a thousand single precision keeps 6e-5, of deviations of 8: 1e-5 of them.
    const found = correlation(moved, 2, [0, 1])! + correlation(rows, 2, [0, 1])!;
    assert.ok(Math.abs(found) < 1e-5, String(found));
  });
});
