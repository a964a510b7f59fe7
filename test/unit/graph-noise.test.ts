import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fillNoise } from '../../trainer-worker/graph/noise';
import type { NoiseKind } from '../../trainer-worker/graph/ops/build';
import { philox4x32 } from '../../trainer-worker/random/philox';

const count = 1 << 18;
const noise = (kind: NoiseKind, length = count, from = { seed: 5, stream: 1, step: 2 }) => {
  const values = new Float32Array(length);
  fillNoise(values, kind, from);
  return values;
};
const mean = (values: Float32Array, f: (x: number) => number = (x) => x) =>
  values.reduce((total, x) => total + f(x), 0) / values.length;

describe('counter-based noise', () => {
  test('is Philox 4x32-10 at counter (block, stream, step) under the seed', () => {
    const block = new Uint32Array(4);
    const values = noise('uniform', 8, { seed: 2 ** 40 + 7, stream: 3, step: 2 ** 33 + 1 });
    for (const index of [0, 1]) {
      philox4x32(Uint32Array.of(index, 0x10003, 1, 2), Uint32Array.of(7, 256), block);
      const expected = [...block].map((bits) => (bits >>> 8) / 2 ** 24);
      assert.deepEqual([...values.slice(4 * index, 4 * index + 4)], expected);
    }
  });

  // Means of n independent draws deviate by more than five standard errors once in two million.
  const moments: [NoiseKind, number, number][] = [
    ['normal', 0, 1],
    ['uniform', 1 / 2, 1 / 12],
    ['rademacher', 0, 1],
  ];
  for (const [kind, center, variance] of moments) {
    test(`${kind}: mean and variance`, () => {
      const values = noise(kind);
      assert.ok(Math.abs(mean(values) - center) < 5 * Math.sqrt(variance / count));
      // The fourth central moment is at most 3 variance², so this standard error is generous.
      const spread = mean(values, (x) => (x - center) ** 2);
      assert.ok(Math.abs(spread - variance) < 5 * variance * Math.sqrt(2 / count));
    });
  }

  test('normal: the share beyond 1, 2 and 3 is the normal distribution’s', () => {
    const values = noise('normal');
    for (const [edge, share] of [
      [1, 0.317311],
      [2, 0.0455],
      [3, 0.0027],
    ] as const) {
      const seen = mean(values, (x) => Number(Math.abs(x) > edge));
      assert.ok(Math.abs(seen - share) < 5 * Math.sqrt(share / count));
    }
  });

  test('normal: neighbours are uncorrelated', () => {
    const values = noise('normal');
    for (const lag of [1, 2, 3, 4]) {
      const product = values.slice(lag).map((x, index) => x * values[index]!);
      assert.ok(Math.abs(mean(product)) < 5 / Math.sqrt(count));
    }
  });

  test('the length asked for does not change the numbers', () => {
    for (const kind of ['normal', 'uniform', 'rademacher'] as const) {
      assert.deepEqual(noise(kind, 1001), noise(kind, 4096).slice(0, 1001));
    }
  });

  test('seeds, streams and steps differ', () => {
    const from = { seed: 5, stream: 1, step: 2 };
    const others = [
      { ...from, seed: 6 },
      { ...from, stream: 2 },
      { ...from, step: 3 },
    ];
    for (const other of others) {
      assert.notDeepEqual(noise('normal', 64, other), noise('normal', 64, from));
    }
  });

  test('uniform numbers stay below 1', () => {
    assert.ok(noise('uniform').every((x) => x >= 0 && x < 1));
  });
});
