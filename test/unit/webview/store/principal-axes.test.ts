import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { along, principalAxes } from '../../../../webview/store/principal-axes';
import { normals } from '../../../fixtures/fake-tables';

describe('principal axes', () => {
  test('of points on a cross are its arms, with their shares of the variance', () => {
    // Along (3, 0, 4)/5 at ±5 and along y at ±2, around (1, 1, 1): variances 12.5 and 2.
    const rows = Float32Array.of(4, 1, 5, -2, 1, -3, 1, 3, 1, 1, -1, 1);
    const axes = principalAxes(rows, 3)!;
    const near = (found: Iterable<number>, wanted: readonly number[]) => {
      for (const [k, value] of [...found].entries())
        assert.ok(Math.abs(value - wanted[k]!) < 1e-12);
    };
    near(axes.mean, [1, 1, 1]);
    near(axes.directions[0], [0.6, 0, 0.8]);
    near(axes.directions[1], [0, 1, 0]);
    near(axes.shares, [12.5 / 14.5, 2 / 14.5]);
    assert.deepEqual([...along(rows, axes)].map(Math.round), [5, 0, -5, 0, 0, 2, 0, -2]);
  });

  test('of many columns are eigenvectors of the covariance, and no other direction has more', () => {
    const [count, dimensions] = [300, 24];
    const rows = normals(count * dimensions, 11).map(
      (value, at) => value * (1 + (at % dimensions) / 6),
    );
    const axes = principalAxes(rows, dimensions)!;
    const variance = (direction: Float64Array) => {
      const points = along(rows, { ...axes, directions: [direction, direction] });
      let sum = 0;
      for (let row = 0; row < count; row++) sum += points[2 * row]! ** 2 / count;
      return sum;
    };
    const [first, second] = axes.directions;
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, k) => sum + x * b[k]!, 0);
    // Points are kept in single precision: 1e-6 of what is some thirty at most.
    const whole = variance(first) / axes.shares[0];
    assert.ok(Math.abs(variance(second) / whole - axes.shares[1]) < 1e-6);
    assert.ok(Math.abs(dot(first, second)) < 1e-12 && Math.abs(dot(first, first) - 1) < 1e-12);
    for (let seed = 0; seed < 40; seed++) {
      const tried = Float64Array.from(normals(dimensions, 100 + seed));
      for (const known of [first]) {
        const part = dot(tried, known);
        for (let k = 0; k < dimensions; k++) tried[k]! -= part * known[k]!;
      }
      const length = Math.sqrt(dot(tried, tried));
      // Nothing at right angles to the first has more than the second.
      assert.ok(variance(tried.map((x) => x / length)) <= variance(second) * (1 + 1e-6));
    }
  });

  test('are none of what does not vary, is no number, or is too wide', () => {
    assert.equal(principalAxes(new Float32Array(30).fill(2), 3), undefined);
    assert.equal(principalAxes(Float32Array.of(1, Number.NaN, 2, 3), 2), undefined);
    assert.equal(
      principalAxes(
        new Float32Array(2 * 65).map((_, at) => at),
        65,
      ),
      undefined,
    );
  });
});
