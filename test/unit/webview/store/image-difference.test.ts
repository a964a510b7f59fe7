import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOf, spreadOf } from '../../../../webview/store/image-difference';

const near = (found: number, expected: number, error = 1e-12) =>
  assert.ok(Math.abs(found - expected) <= error * Math.max(1, Math.abs(expected)), `${found}`);

test('means and deviations of pixels, and how far two sets of images are from each other', () => {
  const double = (value: number) => 2 * value;
  // Rows (0, 4), (2, 4), (4, 4), doubled: means 4 and 8, variances 16 and 0.
  const first = spreadOf(Float32Array.of(0, 4, 2, 4, 4, 4), 2, double);
  assert.deepEqual([...first.means], [4, 8]);
  assert.deepEqual([...first.deviations], [4, 0]);
  // Rows (1, 1), (3, 5), doubled: means 4 and 6, variances 8 and 32.
  const second = spreadOf(Float32Array.of(1, 1, 3, 5), 2, double);
  const difference = differenceOf(first, second);
  assert.deepEqual([...difference.means], [0, -2]);
  near(difference.ofMeans, Math.sqrt((0 + 4) / 2));
  near(difference.deviations[0]!, Math.sqrt(8) - 4);
  near(difference.ofDeviations, Math.sqrt(((Math.sqrt(8) - 4) ** 2 + 32) / 2));
  near(difference.byChance, Math.sqrt((16 / 3 + 8 / 2 + (0 + 32 / 2)) / 2));
});

test('a deviation is not lost beside a large mean', () => {
  const rows = Float32Array.of(2 ** 23, 2 ** 23 + 1, 2 ** 23 + 2);
  near(spreadOf(rows, 1, (value) => value).deviations[0]!, 1);
});

test('what would be chance is what independent samples of one law differ by', () => {
  // A thousand pixels of uniform numbers: the mean square of their differences has a relative standard
  // deviation of √(2/1000) = 4.5 %, its root half of that, so 12 % is five standard deviations (6e-7).
  let state = 7;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const rows = (count: number) => Float32Array.from({ length: 1000 * count }, uniform);
  const same = (value: number) => value;
  const { ofMeans, byChance } = differenceOf(
    spreadOf(rows(50), 1000, same),
    spreadOf(rows(30), 1000, same),
  );
  assert.ok(Math.abs(ofMeans / byChance - 1) < 0.12, `${ofMeans} beside ${byChance}`);
});
