import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Dataset } from '../../trainer-worker/data/dataset';
import { diagnostics } from '../../trainer-worker/diagnostics';
import { Random, streams } from '../../trainer-worker/random/random';

/** What it measures of a model that is given by its energy, its samples and data to fit the base to. */
async function bracket(
  {
    dimensions,
    domain,
    rows,
    samples,
  }: Pick<Dataset, 'dimensions' | 'domain'> & {
    readonly rows: Float32Array;
    readonly samples: Float32Array;
  },
  energy: (point: Float32Array) => number,
) {
  const dataset: Dataset = {
    dimensions,
    axes: Array.from({ length: dimensions }, (_, d) => `x${d + 1}`),
    domain,
    training: rows,
    heldOut: rows,
  };
  const diagnostic = diagnostics.annealedImportanceSampling.prepare({
    dataset,
    bounds: Array.from({ length: dimensions }, () => [-10, 10] as const),
    seed: 0,
  })!;
  const energies = (points: Float32Array) =>
    Float32Array.from({ length: points.length / dimensions }, (_, i) =>
      energy(points.subarray(i * dimensions, (i + 1) * dimensions)),
    );
  const values = await diagnostic.measure({
    samples,
    energy: async (points) => energies(points),
    score: () => Promise.reject(new Error('It needs no scores.')),
    record: () => Promise.reject(new Error('It needs no record.')),
    flowLogDensity: () => Promise.reject(new Error('It needs no flow.')),
  });
  assert.deepEqual(
    Object.keys(values),
    diagnostic.metrics.map(({ name }) => name),
  );
  const meanEnergy = energies(rows).reduce((sum, e) => sum + e, 0) / (rows.length / dimensions);
  const [lower, upper, worst, best] = Object.values(values) as [number, number, number, number];
  assert.ok(Math.abs(worst - (-meanEnergy - upper)) < 1e-4);
  assert.ok(Math.abs(best - (-meanEnergy - lower)) < 1e-4);
  return { lower, upper };
}

/**
 * Both ends near log Z, and each on its own side up to the chance of 512 weights: weights whose
 * logarithms have a deviation of s are off by about s/√512 in the logarithm of their mean; here s is
 * below 0.5 where the path is easy.
 */
function assertBrackets(
  { lower, upper }: { lower: number; upper: number },
  logZ: number,
  tolerance: number,
): void {
  assert.ok(Math.abs(lower - logZ) < tolerance, `${lower} for ${logZ}`);
  assert.ok(Math.abs(upper - logZ) < tolerance, `${upper} for ${logZ}`);
}

describe('annealed importance sampling brackets log Z', () => {
  const random = new Random(5, streams.heldOutData);

  test('of a Gaussian that is narrow, wide and moved', async () => {
    const deviations = [0.5, 2, 1];
    const draw = (count: number) =>
      Float32Array.from(
        { length: count * 3 },
        (_, i) => (i % 3) + deviations[i % 3]! * random.normal(),
      );
    const energy = (x: Float32Array) =>
      7 + x.reduce((sum, value, d) => sum + ((value - d) / deviations[d]!) ** 2 / 2, 0);
    // The base is fitted to other data than the model's: twice as wide, and not in its place.
    const rows = draw(500).map((value) => 2 * value + 1);
    const found = await bracket(
      { dimensions: 3, domain: 'real', rows, samples: draw(512) },
      energy,
    );
    assertBrackets(found, 1.5 * Math.log(2 * Math.PI) - 7, 0.15);
  });

  test('of two modes with nothing between', async () => {
    const energy = ([x, y]: Float32Array) => {
      const mode = (at: number) => -((x! - at) ** 2 + y! ** 2) / (2 * 0.3 ** 2);
      const [a, b] = [mode(2), mode(-2)];
      return -(Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))));
    };
    const rows = Float32Array.from({ length: 2000 }, (_, i) =>
      i % 2 === 0 ? (i % 4 === 0 ? 2 : -2) + 0.3 * random.normal() : 0.3 * random.normal(),
    );
    const found = await bracket({ dimensions: 2, domain: 'real', rows, samples: rows }, energy);
    assertBrackets(found, Math.log(2 * 2 * Math.PI * 0.3 ** 2), 0.2);
  });

  test('of a restricted Boltzmann machine, against enumeration', async () => {
    const [visible, hidden] = [6, 4];
    const weight = Array.from({ length: visible * hidden }, () => 1.2 * random.normal());
    const softplus = (u: number) => Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u)));
    const energy = (v: Float32Array) => {
      let free = 0;
      for (let h = 0; h < hidden; h++) {
        free -= softplus(v.reduce((sum, bit, i) => sum + bit * weight[i * hidden + h]!, -0.5));
      }
      return free;
    };
    const states = Array.from({ length: 2 ** visible }, (_, s) =>
      Float32Array.from({ length: visible }, (__, bit) => (s >> bit) & 1),
    );
    const weights = states.map((state) => Math.exp(-energy(state)));
    const total = weights.reduce((sum, w) => sum + w, 0);
    // Exact draws, by inverting the cumulative sum.
    const samples = Float32Array.from(
      Array.from({ length: 512 }, () => {
        let left = random.uniform() * total;
        const at = weights.findIndex((w) => {
          left -= w;
          return left < 0;
        });
        return [...states[at]!];
      }).flat(),
    );
    const found = await bracket(
      { dimensions: visible, domain: 'binary', rows: samples, samples },
      energy,
    );
    assertBrackets(found, Math.log(total), 0.1);
  });

  test('and is wide, with log Z between its ends, where chains from the base do not find a mode', async () => {
    // All data sit in a needle, but the base is fitted to rows far away from it.
    const energy = ([x]: Float32Array) => ((x! - 30) / 0.01) ** 2 / 2;
    const rows = Float32Array.from({ length: 400 }, () => 0.2 * random.normal());
    const samples = Float32Array.from({ length: 512 }, () => 30 + 0.01 * random.normal());
    const { lower, upper } = await bracket(
      { dimensions: 1, domain: 'real', rows, samples },
      energy,
    );
    const logZ = Math.log(Math.sqrt(2 * Math.PI) * 0.01);
    assert.ok(lower < logZ && logZ < upper, `${lower} ${logZ} ${upper}`);
    assert.ok(upper - lower > 1);
  });
});
