/** Log-densities of toy data: each is a density, and the one that the rows are drawn from. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { data } from 'ebm-lab';
import { type DataSpec, dataMethod } from '../../trainer-worker/methods/data';

const load = (spec: DataSpec) => dataMethod(spec).load(spec, { directory: '', seed: 0 });

/** ∫ p and -∫ p log p over the square [-half, half]² by the midpoint rule. */
function integrals(logDensity: (point: readonly number[]) => number, half: number, cells: number) {
  const width = (2 * half) / cells;
  let [mass, entropy] = [0, 0];
  for (let i = 0; i < cells; i++) {
    for (let j = 0; j < cells; j++) {
      const log = logDensity([-half + width * (i + 0.5), -half + width * (j + 0.5)]);
      const p = Math.exp(log) * width * width;
      mass += p;
      if (p > 0) entropy -= p * log;
    }
  }
  return { mass, entropy };
}

describe('a log-density', () => {
  // Half sides that leave out less than 1e-6, cells at most half as wide as the noise: of smooth
  // densities the midpoint rule then errs by e^-79. The known entropies are rounded to 3 digits.
  const cases = [
    [data.twoMoons(), 4.5, 100, 2.394],
    [data.eightGaussians(), 5, 100, 2.832],
    [data.rings(), 3.6, 180, 2.623],
    [data.checkerboard(), 4, 64, Math.log(32)],
    [data.checkerboard({ noise: 0.5 }), 7, 100, undefined],
    [data.spirals({ noise: 0.25, turns: 1 }), 4.5, 72, undefined],
    [data.swissRoll(), 4.3, 100, undefined],
    // Folds of the map far from its arms make this one less smooth.
    [
      data.gaussianMixture({
        means: [
          [-2, 0],
          [1, 1],
        ],
        deviation: 0.7,
        weights: [3, 1],
      }),
      6,
      80,
      undefined,
    ],
    [data.pinwheel(), 6, 200, undefined],
  ] as const;
  for (const [spec, half, cells, known] of cases) {
    test(`of ${spec.type} ${known ? '' : '(other) '}is normalised, and that of its rows`, async () => {
      const { logDensity, heldOut } = await load(spec);
      const { mass, entropy } = integrals(logDensity!, half, cells);
      assert.ok(Math.abs(mass - 1) < 1e-3, `mass ${mass}`);
      if (known !== undefined) assert.ok(Math.abs(entropy - known) < 1e-3, `entropy ${entropy}`);
      // The mean of -log p over rows of p is the entropy, up to 5 standard errors (1e-6 in all).
      const rows = Math.min(1000, heldOut.length / 2);
      const values = Array.from(
        { length: rows },
        (_, i) => -logDensity!(heldOut.subarray(2 * i, 2 * i + 2)),
      );
      const mean = values.reduce((sum, value) => sum + value, 0) / rows;
      const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
      assert.ok(
        Math.abs(mean - entropy) < 5 * Math.sqrt(square / rows) + 2e-3,
        `${mean}, not ${entropy}`,
      );
    });
  }

  test('of bars and stripes gives its rows -3.3791 nats on average, and all states 1 in sum', async () => {
    const { logDensity, training, labels, domain } = await load(data.barsAndStripes());
    assert.equal(domain, 'binary');
    assert.equal(training.length, 32 * 16);
    assert.deepEqual(labels!.classes, ['rows', 'columns']);
    let sum = 0;
    for (let row = 0; row < 32; row++)
      sum += logDensity!(training.subarray(16 * row, 16 * row + 16));
    assert.ok(Math.abs(sum - -108.131) < 1e-3, `${sum}`);
    let mass = 0;
    for (let state = 0; state < 2 ** 16; state++) {
      mass += Math.exp(logDensity!(Array.from({ length: 16 }, (_, d) => (state >> d) & 1)));
    }
    assert.ok(Math.abs(mass - 1) < 1e-12);
  });

  test('of an Ising lattice is normalised, and that of its rows', async () => {
    const spec = data.ising({ size: 3, coupling: 0.5, field: 0.2, samples: 20_000 });
    const { logDensity, training } = await load(spec);
    const rows = training.subarray();
    const pointOf = (state: number) => Array.from({ length: 9 }, (_, d) => (state >> d) & 1);
    const exact = Array.from({ length: 512 }, (_, state) => Math.exp(logDensity!(pointOf(state))));
    assert.ok(Math.abs(exact.reduce((sum, p) => sum + p, 0) - 1) < 1e-12);
    const counts = new Array<number>(512).fill(0);
    for (let row = 0; row < 20_000; row++) {
      let state = 0;
      for (let d = 0; d < 9; d++) state |= rows[9 * row + d]! << d;
      counts[state]!++;
    }
    // Pearson's statistic has mean 511 and deviation 32: six of them.
    const pearson = counts.reduce(
      (sum, n, s) => sum + (n - 20_000 * exact[s]!) ** 2 / (20_000 * exact[s]!),
      0,
    );
    assert.ok(pearson < 511 + 6 * 32, `${pearson}`);
  });

  test('is missing where rows lie on a line', async () => {
    assert.equal((await load(data.rings({ noise: 0 }))).logDensity, undefined);
  });
});
