import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NoiseKind } from '../../../../trainer-worker/compiler/graph/graph';
import * as generator from '../../../../trainer-worker/compiler/random/noise.wasm';
import { fillNoise } from '../../../../trainer-worker/compiler/run/noise';
import { noiseElement, normalPair, wordsAt } from '../../../noise-reference';
import { philoxAnswers } from '../../../philox-answers';

const kinds = ['normal', 'uniform', 'rademacher'] as const;
const count = 1 << 20;
const origin = { seed: 5, stream: 1, step: 2 };
const noise = (kind: NoiseKind, length = count, from = origin) => {
  const values = new Float32Array(length);
  fillNoise(values, kind, from);
  return values;
};
const mean = (values: Float32Array, f: (x: number) => number = (x) => x) => {
  let total = 0;
  for (const x of values) total += f(x);
  return total / values.length;
};

describe('the words behind the noise are Philox 4x32-10', () => {
  for (const [i, { counter, key, words }] of philoxAnswers.entries()) {
    test(`known answer ${i + 1}`, () => {
      const at = [...counter, ...key] as [number, number, number, number, number, number];
      const buffer = new Float32Array(generator.memory.buffer, generator.address(), 128);
      // 128 signs are the 128 bits of a block.
      generator.rademacher(128, ...at);
      const seen = words.map((_, word) =>
        buffer
          .slice(32 * word, 32 * word + 32)
          .reduce((sum, sign, bit) => sum + (sign > 0 ? 2 ** bit : 0), 0),
      );
      assert.deepEqual(seen, words);
      generator.uniform(4, ...at);
      assert.deepEqual(
        [...buffer.slice(0, 4)],
        words.map((word) => (word >>> 8) / 2 ** 24),
      );
    });
  }
});

describe('the WebAssembly does the arithmetic that the reference spells out, bit by bit', () => {
  const high = 2 ** 53 - 1;
  const places = [
    { seed: 0, stream: 0, step: 0 },
    { seed: 2 ** 40 + 7, stream: 3, step: 2 ** 33 + 1 },
    { seed: high, stream: 0xfff_ffff, step: high },
  ];
  // Around the blocks of the generator: 4 and 16 elements, 128 signs, 4096 elements of its buffer.
  const lengths = [0, 1, 3, 4, 5, 17, 127, 128, 129, 511, 4095, 4096, 4097, 20_000];
  for (const kind of kinds) {
    for (const place of places) {
      test(`${kind} for seed ${place.seed}, stream ${place.stream}, step ${place.step}`, () => {
        const wordsOf = wordsAt(place.seed, 0x10000 + place.stream, place.step);
        const expected = Float32Array.from({ length: Math.max(...lengths) }, (_, index) =>
          noiseElement(kind, index, wordsOf),
        );
        for (const length of lengths) {
          assert.deepEqual(noise(kind, length, place), expected.slice(0, length));
        }
      });
    }
  }

  test('also late in a long array', () => {
    for (const kind of kinds) {
      const values = noise(kind);
      const wordsOf = wordsAt(origin.seed, 0x10000 + origin.stream, origin.step);
      for (let index = count - 1000; index < count; index++) {
        // Not equal(): it tells 0 from -0, which Object.is does too and a reader should see.
        assert.ok(Object.is(values[index], noiseElement(kind, index, wordsOf)));
      }
    }
  });
});

test('normal numbers are those of exact arithmetic on float32 words to 6e-7', () => {
  const edges = [0, 1, 2, 3, 0x1fffffff, 0x20000000, 0x20000001, 0x3fffffff, 0x40000000];
  const extremes = edges.flatMap((word) => [word, (word | 0x80000000) >>> 0, ~word >>> 0]);
  const wordsOf = wordsAt(1, 2, 3);
  const drawn = Array.from({ length: 50_000 }, (_, block) => [...wordsOf(block)]).flat();
  const pairs = extremes.flatMap((a) => extremes.map((b) => [a, b] as const));
  for (let i = 0; i < drawn.length; i += 2) pairs.push([drawn[i]!, drawn[i + 1]!]);
  let largest = 0;
  for (const [first, second] of pairs) {
    const u = Math.fround(Math.fround(first >>> 1) + 0.5) / 2 ** 31;
    const radius = Math.sqrt(-2 * Math.log(u));
    const angle = (((second & 0x3fffffff) - 0x20000000) * Math.PI) / 2 ** 31;
    const sign = second >>> 31 ? -1 : 1;
    const exact = [sign * radius * Math.cos(angle), sign * radius * Math.sin(angle)];
    if ((second >>> 30) & 1) exact.reverse();
    const pair = normalPair(first, second);
    for (const [i, x] of pair.entries()) {
      largest = Math.max(largest, Math.abs(x - exact[i]!));
      assert.ok(Math.abs(x) < 6.67);
    }
  }
  // float32 itself has steps of 2.4e-7 between 2 and 4, of 4.8e-7 beyond.
  assert.ok(largest < 6e-7, `${largest}`);
});

/** Φ, by its series (Marsaglia, "Evaluating the normal distribution", 2004): good to 1e-15 here. */
function normalDistribution(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** The largest difference between the values' distribution and the given one, times √n. */
function kolmogorovSmirnov(values: Float32Array, distribution: (x: number) => number): number {
  const sorted = values.slice().sort();
  let largest = 0;
  sorted.forEach((x, index) => {
    const expected = distribution(x);
    const below = Math.abs(expected - index / sorted.length);
    const above = Math.abs(expected - (index + 1) / sorted.length);
    largest = Math.max(largest, below, above);
  });
  return largest * Math.sqrt(values.length);
}

describe('distributions', () => {
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

  test('normal: third and fourth moment', () => {
    const values = noise('normal');
    // Var x³ = 15 and Var x⁴ = 105 − 9.
    assert.ok(Math.abs(mean(values, (x) => x ** 3)) < 5 * Math.sqrt(15 / count));
    assert.ok(Math.abs(mean(values, (x) => x ** 4) - 3) < 5 * Math.sqrt(96 / count));
  });

  // Kolmogorov's law: √n D exceeds 2.5 with probability 2 exp(−2 · 2.5²) = 7e-6.
  test('normal: Kolmogorov and Smirnov find no difference', () => {
    assert.ok(kolmogorovSmirnov(noise('normal'), normalDistribution) < 2.5);
  });

  test('uniform: Kolmogorov and Smirnov find no difference; at least 0 and below 1', () => {
    const values = noise('uniform');
    assert.ok(kolmogorovSmirnov(values, (x) => x) < 2.5);
    assert.ok(values.every((x) => x >= 0 && x < 1));
  });

  test('normal: pairs point everywhere alike, whatever their length', () => {
    const values = noise('normal');
    for (const far of [false, true]) {
      const angles: number[] = [];
      for (let i = 0; i < count; i += 2) {
        const [x, y] = [values[i]!, values[i + 1]!];
        // Half of the pairs lie beyond √(2 ln 2).
        if (x * x + y * y > 2 * Math.LN2 === far) {
          angles.push(Math.atan2(y, x) / (2 * Math.PI) + 0.5);
        }
      }
      assert.ok(kolmogorovSmirnov(Float32Array.from(angles), (turn) => turn) < 2.5);
    }
  });

  test('normal: the tails', () => {
    const draws = 1 << 24;
    const values = noise('normal', draws);
    for (const [edge, share] of [
      [1, 0.31731051],
      [2, 0.04550026],
      [3, 0.0026997961],
      [4, 6.3342484e-5],
    ] as const) {
      const seen = mean(values, (x) => Number(Math.abs(x) > edge));
      assert.ok(Math.abs(seen - share) < 5 * Math.sqrt(share / draws), `${edge}: ${seen}`);
    }
    // Beyond 5 are 9.6 of them on average: none with probability 7e-5, more than 27 with 1e-6.
    const beyond = values.filter((x) => Math.abs(x) > 5).length;
    assert.ok(beyond >= 1 && beyond <= 27, `${beyond}`);
  });

  test('rademacher: bytes of signs are all equally likely', () => {
    const values = noise('rademacher');
    assert.ok(values.every((x) => x === 1 || x === -1));
    const counts = new Float64Array(256);
    for (let i = 0; i < count; i += 8) {
      let byte = 0;
      for (let bit = 0; bit < 8; bit++) byte |= Number(values[i + bit]! > 0) << bit;
      counts[byte]!++;
    }
    const expected = count / 8 / 256;
    const chiSquare = counts.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    // 255 degrees of freedom: 255 ± 22.6. Beyond 370 once in 300 000 (Wilson and Hilferty).
    assert.ok(chiSquare < 370, `${chiSquare}`);
  });
});

describe('independence', () => {
  /** The correlation of f of the values times √n: standard normal where they are independent. */
  const correlation = (a: Float32Array, b: Float32Array, f: (x: number) => number) => {
    const mapped = [a, b].map((values) => Float64Array.from(values, f));
    const [x, y] = mapped as [Float64Array, Float64Array];
    const average = (v: Float64Array) => v.reduce((s, value) => s + value, 0) / v.length;
    const [mx, my] = [average(x), average(y)];
    let [xy, xx, yy] = [0, 0, 0];
    x.forEach((value, i) => {
      xy += (value - mx) * (y[i]! - my);
      xx += (value - mx) ** 2;
      yy += (y[i]! - my) ** 2;
    });
    return (xy / Math.sqrt(xx * yy)) * Math.sqrt(x.length);
  };
  const views = { value: (x: number) => x, square: (x: number) => x * x };

  // 60 comparisons at five standard errors: any fails with probability 3e-5.
  for (const kind of kinds) {
    for (const [view, f] of Object.entries(views)) {
      // A sign's square says nothing.
      if (kind === 'rademacher' && view === 'square') continue;
      test(`${kind}: the ${view} of neighbours, and of neighbouring blocks`, () => {
        const values = noise(kind, 1 << 18);
        for (const lag of [1, 2, 3, 4, 8, 16, 128]) {
          const r = correlation(values.subarray(lag), values.subarray(0, -lag), f);
          assert.ok(Math.abs(r) < 5, `lag ${lag}: ${r}`);
        }
      });

      test(`${kind}: the ${view} of neighbouring seeds, streams and steps`, () => {
        const values = noise(kind, 1 << 18);
        for (const other of [
          { ...origin, seed: 6 },
          { ...origin, seed: 2 ** 32 + 5 },
          { ...origin, stream: 2 },
          { ...origin, step: 3 },
          { ...origin, step: 2 ** 32 + 2 },
        ]) {
          const r = correlation(values, noise(kind, 1 << 18, other), f);
          assert.ok(Math.abs(r) < 5, `${JSON.stringify(other)}: ${r}`);
        }
      });
    }
  }

  test('a part is the same as in the whole, wherever it begins', () => {
    for (const kind of kinds) {
      const whole = noise(kind, 40_000);
      for (const [first, length] of [
        [0, 10],
        [1, 131],
        [126, 4],
        [129, 30_000],
        [9_999, 1],
      ] as const) {
        const part = new Float32Array(length);
        fillNoise(part, kind, origin, first);
        assert.deepEqual(part, whole.slice(first, first + length), `${kind} from ${first}`);
      }
    }
  });

  test('the length asked for does not change the numbers', () => {
    for (const kind of kinds) {
      assert.deepEqual(noise(kind, 10_001), noise(kind, 1 << 15).slice(0, 10_001));
    }
  });
});
