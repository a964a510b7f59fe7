import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withMathRandom } from '../../../../trainer-worker/compiler/random/math-random';
import { Random, streams } from '../../../../trainer-worker/compiler/random/random';

const count = 100_000;

function moments(draw: () => number) {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const value = draw();
    sum += value;
    squares += value * value;
  }
  return { mean: sum / count, square: squares / count };
}

// Tolerances are 4 standard errors of the mean of `count` draws; the seeds are fixed.
describe('Random', () => {
  test('uniforms have the moments of (0, 1)', () => {
    const random = new Random(1, streams.chainStarts);
    const { mean, square } = moments(() => random.uniform());
    assert.ok(Math.abs(mean - 1 / 2) < 4 * Math.sqrt(1 / 12 / count));
    assert.ok(Math.abs(square - 1 / 3) < 4 * Math.sqrt(4 / 45 / count));
  });

  test('normals have mean 0, variance 1 and kurtosis 3', () => {
    const random = new Random(1, streams.chainStarts);
    const { mean, square } = moments(() => random.normal());
    assert.ok(Math.abs(mean) < 4 / Math.sqrt(count));
    assert.ok(Math.abs(square - 1) < 4 * Math.sqrt(2 / count));
    const fourth = moments(() => random.normal() ** 2).square;
    // Var[z^4] = 105 - 9.
    assert.ok(Math.abs(fourth - 3) < 4 * Math.sqrt(96 / count));
  });

  test('integers are equally likely', () => {
    const random = new Random(2, streams.batches);
    const seen = new Array<number>(7).fill(0);
    for (let i = 0; i < count; i++) seen[random.integer(7)]!++;
    const expected = count / 7;
    const chiSquare = seen.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // The 99.9 % point of chi-square with 6 degrees of freedom.
    assert.ok(chiSquare < 22.46, `chi-square ${chiSquare}`);
  });

  test('seed, stream and step each change everything, and nothing else does', () => {
    const draw = (seed: number, stream: 5 | 7, step: number) =>
      [...new Random(seed, stream, step).normals(8)].join();
    assert.equal(draw(1, 5, 3), draw(1, 5, 3));
    const all = [
      draw(1, 5, 3),
      draw(2, 5, 3),
      draw(1, 7, 3),
      draw(1, 5, 4),
      draw(2 ** 40 + 1, 5, 3),
    ];
    assert.equal(new Set(all).size, all.length);
  });

  test('a permutation holds every number once, and distinct numbers are distinct', () => {
    const random = new Random(3, streams.split);
    assert.deepEqual(
      [...random.permutation(50)].sort((a, b) => a - b),
      [...Array(50).keys()],
    );
    for (let i = 0; i < 20; i++) {
      const picks = random.distinct(10, 12);
      assert.equal(new Set(picks).size, 10);
      assert.ok(picks.every((pick) => pick < 12));
    }
    assert.deepEqual(
      [...random.distinct(12, 12)].sort((a, b) => a - b),
      [...Array(12).keys()],
    );
  });

  test('distinct numbers are all equally likely', () => {
    const random = new Random(4, streams.bufferSlots);
    const seen = new Array<number>(10).fill(0);
    const rounds = 20_000;
    for (let i = 0; i < rounds; i++) for (const pick of random.distinct(3, 10)) seen[pick]!++;
    // Each count is binomial(rounds, 0.3).
    const error = Math.sqrt(rounds * 0.3 * 0.7);
    for (const n of seen) assert.ok(Math.abs(n - rounds * 0.3) < 4 * error);
  });

  test('Math.random draws from it while a body runs, and is itself again after', () => {
    const original = Math.random;
    const draw = () => withMathRandom(new Random(5, streams.split), () => Math.random());
    assert.equal(draw(), draw());
    assert.throws(() =>
      withMathRandom(new Random(5, streams.split), () => {
        throw new Error('body');
      }),
    );
    assert.equal(Math.random, original);
  });
});
