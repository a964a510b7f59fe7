/** Points go to the groups of their classes, each to one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byClass } from '../../../../webview/store/point-classes';
import { fc } from '../../../support/fast-check';

describe('points by their classes', () => {
  test('keep their order, and those of no class are the last group', () => {
    const points = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    const groups = byClass(points, Float32Array.of(1, 0, 7, 1, Number.NaN), 3);
    assert.deepEqual(
      groups.map((group) => [...group]),
      [[2, 3], [0, 1, 6, 7], [], [4, 5, 8, 9]],
    );
  });

  test('are as many as before, each in one group', () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -1, max: 5 }), fc.constant(0.5)));
    fc.assert(
      fc.property(values, (classes) => {
        const points = Float32Array.from({ length: 2 * classes.length }, (_, at) => at);
        const groups = byClass(points, Float32Array.from(classes), 4);
        assert.equal(groups.length, 5);
        const all = groups.flatMap((group) => [...group]).sort((a, b) => a - b);
        assert.deepEqual(all, [...points]);
      }),
    );
  });
});
