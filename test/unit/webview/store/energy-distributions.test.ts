import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distributionBins, distributionsOf } from '../../../../webview/store/energy-distributions';

test('energies of all kinds lie in bins of one range, and each kind adds up to 1', () => {
  const found = distributionsOf({
    samples: Float32Array.of(-2, 0, 1, Number.NaN),
    data: Float32Array.of(3, 3),
    heldOut: new Float32Array(0),
    outOfDistribution: Float32Array.of(10, 4, Number.POSITIVE_INFINITY),
  })!;
  assert.deepEqual([found.low, found.high], [-2, 10]);
  assert.deepEqual(
    found.all.map(({ of, count, notFinite, mean }) => [of, count, notFinite, mean]),
    [
      ['data', 2, 0, 3],
      ['samples', 4, 1, Math.fround(-1) / 3],
      ['outOfDistribution', 3, 1, 7],
    ],
  );
  const width = 12 / distributionBins;
  for (const { histogram } of found.all) {
    const total = histogram.densities.reduce((sum, density) => sum + density * width, 0);
    assert.ok(Math.abs(total - 1) < 1e-12);
  }
  assert.equal(found.all[0]!.histogram.densities[20], 1 / width, '3 is 5 of 12 from -2');
});

test('energies that are all the same have a range all the same, and none that are finite have none', () => {
  const same = { samples: Float32Array.of(7), data: Float32Array.of(7) };
  const { low, high } = distributionsOf(same)!;
  assert.ok(low < 7 && high > 7);
  const none = { samples: Float32Array.of(Number.NaN), data: new Float32Array(0) };
  assert.equal(distributionsOf(none), undefined);
});
