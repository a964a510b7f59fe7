import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanLogDensity } from '../../../../trainer-worker/methods/diagnostics/mean-log-density';

test('log-densities in units of the file have the log-determinant of each row, and its part in the error', () => {
  // y = log x of x in the file: ∂x/∂y = x, so log p(x) = log p(y) - y.
  const rows = Float32Array.of(1, 2, 4, 7);
  const energies = Float32Array.of(0.5, 0.25, 0, -1);
  const each = [-0.5 - 1, -0.25 - 2, 0 - 4, 1 - 7];
  const mean = each.reduce((sum, value) => sum + value, 0) / 4;
  const variance = each.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3;
  const found = meanLogDensity(energies, rows, {
    dimensions: 1,
    logScale: (point) => point[0]!,
  });
  assert.ok(Math.abs(found.value - mean) < 1e-12);
  assert.ok(Math.abs(found.error - Math.sqrt(variance / 4)) < 1e-12);
  // A constant moves the mean alone.
  const shifted = meanLogDensity(energies, rows, { dimensions: 1, logScale: 3 });
  const plain = meanLogDensity(energies, rows, { dimensions: 1 });
  assert.deepEqual(shifted, { value: plain.value - 3, error: plain.error });
});
