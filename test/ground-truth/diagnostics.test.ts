import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type * as tf from '@tensorflow/tfjs';
import { data as sources } from 'ebm-lab';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import { dataMethod } from '../../trainer-worker/methods/data';
import { boundsOf } from '../../trainer-worker/methods/data/bounds';
import type { Dataset } from '../../trainer-worker/methods/data/dataset';
import { type DiagnosticName, diagnostics } from '../../trainer-worker/methods/diagnostics';
import {
  type Estimate,
  isKnown,
  type KnownEstimate,
} from '../../trainer-worker/methods/diagnostics/estimate';
import { gridPoints } from '../../trainer-worker/methods/diagnostics/grid';
import { steinDiscrepancy } from '../../trainer-worker/methods/diagnostics/kernel-stein';
import { shareBelow } from '../../trainer-worker/methods/diagnostics/out-of-distribution';
import { prepareDiagnostics } from '../../trainer-worker/methods/diagnostics/prepare';
import { smallSpaceOf } from '../../trainer-worker/methods/diagnostics/small-space';
import { StateSpace, statesOfBits } from '../../trainer-worker/methods/diagnostics/state-space';
import {
  kernelSteinDiscrepancy,
  medianDistance,
} from '../../trainer-worker/methods/parts/stein-kernel';
import { valuesOf } from '../support/energies';

/** Energies of `[n, D]` points by a function of one. */
function energies(
  points: Float32Array,
  dimensions: number,
  energy: (point: Float32Array) => number,
): Float32Array {
  return Float32Array.from({ length: points.length / dimensions }, (_, i) =>
    energy(points.subarray(i * dimensions, (i + 1) * dimensions)),
  );
}

/** Scores of `[n, D]` points by a function of one. */
function scores(
  points: Float32Array,
  dimensions: number,
  score: (point: Float32Array) => Float32Array,
): Float32Array {
  const all = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += dimensions) {
    all.set(score(points.subarray(i, i + dimensions)), i);
  }
  return all;
}

function near(measured: number, expected: number, tolerance: number): void {
  assert.ok(
    Math.abs(measured - expected) < tolerance,
    `${measured}, not ${expected} ± ${tolerance}`,
  );
}

/** A data set of given rows, all of them held out. */
function datasetOf(rows: Float32Array, dimensions: number): Dataset {
  return {
    dimensions,
    axes: Array.from({ length: dimensions }, (_, d) => `x${d + 1}`),
    domain: 'real',
    training: rows,
    heldOut: rows,
  };
}

/** One diagnostic of a model that is given by its energy. */
async function measured(
  name: DiagnosticName,
  dataset: Dataset,
  {
    energy = () => 0,
    score = (point) => point.map(() => 0),
    samples = new Float32Array(),
    bounds = boundsOf(dataset.training, dataset.dimensions, dataset.domain),
  }: {
    readonly energy?: (point: Float32Array) => number;
    readonly score?: (point: Float32Array) => Float32Array;
    readonly samples?: Float32Array;
    readonly bounds?: ReturnType<typeof boundsOf>;
  },
): Promise<KnownEstimate> {
  const { dimensions } = dataset;
  const heldOut = dataset.heldOut.subarray();
  const space = smallSpaceOf(dataset, bounds, 0);
  const diagnostic = diagnostics[name].prepare({
    dataset,
    bounds,
    seed: 0,
    ...(space ? { space } : {}),
  });
  const evaluate = async (points: Float32Array) => energies(points, dimensions, energy);
  const values = await diagnostic!.measure({
    samples,
    energy: evaluate,
    heldOutEnergies: () => evaluate(heldOut),
    inSpace: async () =>
      space!.measure(evaluate, { points: heldOut, energies: await evaluate(heldOut) }),
    score: async (points) => scores(points, dimensions, score),
    record: () => Promise.reject(new Error('It has no chains.')),
    flowLogDensity: () => Promise.reject(new Error('It has no flow.')),
    logPartition: async () => undefined,
    anneal: async () => undefined,
  });
  const [first] = Object.values(values) as [number | Estimate];
  if (typeof first === 'number') return { value: first, error: 0 };
  assert.ok(isKnown(first), JSON.stringify(first));
  return first;
}

/** The stated error holds, and is not large. */
function within({ value, error }: KnownEstimate, expected: number): void {
  near(value, expected, error);
  assert.ok(error < 5e-3, `said to be known to ${error}`);
}

describe('points and states', () => {
  test('the first coordinate of a grid changes fastest, and points are cell centres', () => {
    const bounds = [
      [0, 2],
      [10, 14],
    ] as const;
    assert.deepEqual([...gridPoints(bounds, 2)], [0.5, 11, 1.5, 11, 0.5, 13, 1.5, 13]);
    assert.deepEqual([...gridPoints([[0, 2]], 4)], [0.25, 0.75, 1.25, 1.75]);
    assert.throws(() => gridPoints([...bounds, [0, 1]], 8), /1 or 2 dimensions, not 3/);
  });

  test('log Z over bits is that of independent ones', async () => {
    const biases = [0.5, -1, 2];
    const space = new StateSpace(statesOfBits(3), { dimensions: 3 });
    assert.equal(space.states.length, 8 * 3);
    const { logZ } = await space.measure(async (points) =>
      energies(points, 3, (x) => -biases.reduce((sum, b, i) => sum + b * x[i]!, 0)),
    );
    const exact = biases.reduce((sum, bias) => sum + Math.log1p(Math.exp(bias)), 0);
    assert.ok(isKnown(logZ) && logZ.error < 1e-5);
    near(logZ.value, exact, logZ.error);
  });

  test('is not tried where the space is large', () => {
    const window = (count: number) => Array.from({ length: count }, () => [0, 1] as const);
    const data = (count: number, domain: Dataset['domain']) => ({
      ...datasetOf(new Float32Array(count), count),
      domain,
    });
    assert.equal(smallSpaceOf(data(3, 'real'), window(3), 0), undefined);
    assert.equal(smallSpaceOf(data(17, 'binary'), window(17), 0), undefined);
  });
});

describe('likelihood and divergence', () => {
  /** N(mean, deviation²) on the line, with its density. */
  const gaussian = (mean: number, deviation: number): Dataset => ({
    ...datasetOf(Float32Array.of(mean - deviation, mean + deviation), 1),
    logDensity: (point) =>
      -(((point[0]! - mean) / deviation) ** 2) / 2 - Math.log(deviation * Math.sqrt(2 * Math.PI)),
  });

  test('the likelihood is the mean negative energy less log Z', async () => {
    const dataset = datasetOf(Float32Array.of(1, -2), 1);
    const value = await measured('likelihood', dataset, {
      energy: ([x]) => x! ** 2 / 2 + 3,
      bounds: [[-9, 9]],
    });
    near(value.value, -(1 + 4) / 4 - Math.log(2 * Math.PI) / 2, 1e-5);
    // Of -E of two rows, 0.75 apart from their mean each; log Z is known much better.
    near(value.error, 0.75, 1e-3);
  });

  test('the divergence of two Gaussians is that of the closed form, and 0 of equal ones', async () => {
    const [mean, deviation, other, spread] = [0.4, 0.8, -0.3, 1.3];
    const energy = ([x]: Float32Array) => ((x! - other) / spread) ** 2 / 2 + 7;
    const expected =
      Math.log(spread / deviation) +
      (deviation ** 2 + (mean - other) ** 2) / (2 * spread ** 2) -
      0.5;
    const bounds = [[-12, 12]] as const;
    within(
      await measured('kullbackLeibler', gaussian(mean, deviation), { energy, bounds }),
      expected,
    );
    within(await measured('kullbackLeibler', gaussian(other, spread), { energy, bounds }), 0);
  });

  test('the two moons diverge from themselves by nothing, and from a Gaussian by what they should', async () => {
    const spec = sources.twoMoons({ samples: 20_000, heldOut: 100 });
    const dataset = await dataMethod(spec).load(spec, { directory: '.', seed: 1 });
    const log = dataset.logDensity!;
    within(await measured('kullbackLeibler', dataset, { energy: (x) => -log(x) }), 0);
    const { training } = dataset;
    const square = training.subarray().reduce((sum, x) => sum + x * x, 0) / training.length;
    const bounds = [
      [-12, 12],
      [-12, 12],
    ] as const;
    const round = await measured('kullbackLeibler', dataset, {
      energy: ([x, y]) => (x! ** 2 + y! ** 2) / (2 * square),
      bounds,
    });
    // -H + log(2π s²) + 1 with the entropy H = 2.394; log s² of 40 000 numbers is known to 1 %.
    near(round.value, -2.394 + Math.log(2 * Math.PI * square) + 1, 0.02);
  });

  test('moons much thinner than a cell of the window diverge from a Gaussian as their own rows say', async () => {
    const spec = sources.twoMoons({ samples: 20_000, heldOut: 100, noise: 0.02 });
    const dataset = await dataMethod(spec).load(spec, { directory: '.', seed: 1 });
    const { training } = dataset;
    const energy = ([x, y]: Float32Array) => (x! ** 2 + y! ** 2) / 6;
    const terms = Array.from({ length: 4000 }, (_, i) => {
      const row = training.subarray(2 * i, 2 * i + 2);
      return dataset.logDensity!(row) + energy(row);
    });
    const mean = terms.reduce((sum, term) => sum + term, 0) / terms.length;
    const square = terms.reduce((sum, term) => sum + (term - mean) ** 2, 0);
    const { value, error } = await measured('kullbackLeibler', dataset, { energy });
    // Four standard errors of 4,000 rows; the integral's own bound comes on top.
    const chance = (4 * Math.sqrt(square)) / terms.length;
    near(value, mean + Math.log(6 * Math.PI), chance + error);
    assert.ok(chance < 0.1 && error < 0.005, `${chance}, ${error}`);
  });
});

describe('samples against held-out rows', () => {
  const random = new Random(2, streams.trainingData);
  const gaussian = (count: number, mean: number) =>
    Float32Array.from({ length: count }, (_, i) => random.normal() + (i % 2 ? 0 : mean));

  test('MMD² is 0 on average for one distribution, and that of the closed form for a shift', async () => {
    const shift = 1.5;
    const rows = gaussian(1024, 0);
    const { value: same } = await measured('maximumMeanDiscrepancy', datasetOf(rows, 2), {
      samples: gaussian(1024, 0),
    });
    // Under equality the deviation is about √(2 E k²) / 512 < 0.003.
    near(same, 0, 4 * 0.003);
    const { value: shifted } = await measured('maximumMeanDiscrepancy', datasetOf(rows, 2), {
      samples: gaussian(1024, shift),
    });
    // With bandwidth h: E k = (h²/(h² + 2))(exp(-|m|²/(2(h² + 2)))) for means m apart. The median
    // distance of two standard Gaussians in the plane is √(4 log 2).
    const h2 = 4 * Math.log(2);
    const scale = h2 / (h2 + 2);
    const expected = 2 * scale * (1 - Math.exp(-(shift ** 2) / (2 * (h2 + 2))));
    // Means over 512 points of functions between 0 and 1 with slopes of 0.3: a deviation near 0.015.
    near(shifted, expected, 4 * 0.015);
  });

  test('the sliced Wasserstein distance of a shifted set is the mean square of the projected shift', async () => {
    const rows = gaussian(600, 0);
    const [u, v] = [0.7, -1.1];
    const samples = rows.map((x, i) => x + (i % 2 ? v : u));
    // The directions are random; both pure shifts must fit one set of them: |m·a|² + |m·b|² over
    // orthogonal shifts of equal length adds up to the length squared.
    const { value: one } = await measured('slicedWasserstein', datasetOf(rows, 2), { samples });
    const { value: turned } = await measured('slicedWasserstein', datasetOf(rows, 2), {
      samples: rows.map((x, i) => x + (i % 2 ? u : -v)),
    });
    near(one ** 2 + turned ** 2, u ** 2 + v ** 2, 1e-4);
    // Sets of other sizes: each row twice is the same distribution.
    const doubled = new Float32Array([...rows, ...rows]);
    const same = await measured('slicedWasserstein', datasetOf(rows, 2), { samples: doubled });
    near(same.value, 0, 1e-6);
  });

  test('AUROC counts pairs, ties half', () => {
    const first = Float32Array.from({ length: 37 }, (_, i) => Math.round(5 * Math.sin(i)));
    const second = Float32Array.from({ length: 23 }, (_, i) => Math.round(5 * Math.cos(i) + 1));
    let pairs = 0;
    for (const a of first) for (const b of second) pairs += a < b ? 1 : a === b ? 0.5 : 0;
    near(shareBelow(first, second).value, pairs / (37 * 23), 1e-12);
  });

  test('AUROC and energy gap are measured of the energy', async () => {
    const rows = Float32Array.of(0, 0, 0.1, 0.1);
    const energy = (x: Float32Array) => x[0]! ** 2 + x[1]! ** 2;
    const bounds = [
      [5, 6],
      [5, 6],
    ] as const;
    const apart = await measured('outOfDistribution', datasetOf(rows, 2), { energy, bounds });
    assert.deepEqual(apart, { value: 1, error: 0 });
    const { value: gap } = await measured('energyGap', datasetOf(rows, 2), {
      energy,
      samples: Float32Array.of(1, 1, 2, 0),
    });
    near(gap, 3 - 0.01, 1e-6);
  });
});

describe('the kernel Stein discrepancy', () => {
  const random = new Random(6, streams.trainingData);

  test('is that which the objective of this name minimises', async () => {
    const points = random.normals(40 * 3, 1.5);
    const slopes = random.normals(40 * 3);
    const inTensors = await valuesOf(
      { x: { shape: [40, 3], data: points }, s: { shape: [40, 3], data: slopes } },
      ({ x, s }) =>
        kernelSteinDiscrepancy(x as tf.Tensor2D, s as tf.Tensor2D, 'inverseMultiquadric', 1.3),
    );
    // A mean of 1560 terms of size 3 in float32.
    near(steinDiscrepancy(points, slopes, 3, 1.3).value, inTensors[0]!, 1e-5);
  });

  test('is 0 on average where scores are right, and else the kernel mean of their errors', async () => {
    const variance = 2;
    const count = 512;
    /** Mean and standard error of both measures, over data sets of a model of precision θ. */
    const over = async (theta: number) => {
      const values: number[][] = [[], []];
      for (let set = 0; set < 24; set++) {
        const draw = () => random.normals(count, Math.sqrt(variance));
        const dataset = datasetOf(draw(), 1);
        const diagnostic = diagnostics.kernelStein.prepare({
          dataset,
          bounds: [[-9, 9]],
          seed: 0,
        })!;
        const names = ['stein/held-out', 'stein/samples'];
        const measured = await diagnostic.measure({
          samples: draw(),
          energy: () => Promise.reject(new Error('It needs no energies.')),
          heldOutEnergies: () => Promise.reject(new Error('It needs no energies.')),
          inSpace: () => Promise.reject(new Error('It needs no integral.')),
          score: async (points) => points.map((x) => -theta * x),
          record: () => Promise.reject(new Error('It needs no record.')),
          flowLogDensity: () => Promise.reject(new Error('It needs no flow.')),
          logPartition: async () => undefined,
          anneal: async () => undefined,
        });
        const width = medianDistance(dataset.heldOut, 1);
        names.forEach((name, index) => {
          const { value } = measured[name] as KnownEstimate;
          // Each set has a bandwidth of its own, a few percent around that of the law.
          values[index]!.push(value - expected(theta, width));
        });
      }
      return values.map((all) => {
        const mean = all.reduce((sum, value) => sum + value) / all.length;
        const square = all.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        return { mean, error: Math.sqrt(square / (all.length - 1) / all.length) };
      });
    };
    /**
     * E[δ(x) δ(x') k] with δ = (1/s² - θ) x, what is wrong with the score. In u = (x - x')/√2 and
     * v = (x + x')/√2, independent N(0, s²), `x x' = (v² - u²)/2` and the kernel is of u alone.
     */
    const expected = (theta: number, h: number) => {
      const width = 0.01;
      let sum = 0;
      for (let u = -12; u <= 12; u += width) {
        const density = Math.exp(-(u ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
        sum += ((variance - u ** 2) / 2) * (1 + (2 * u ** 2) / h ** 2) ** -0.5 * density * width;
      }
      return (1 / variance - theta) ** 2 * sum;
    };
    for (const theta of [1.2, 1 / variance]) {
      for (const { mean, error } of await over(theta)) {
        // The median distance of two such numbers is 0.6745 √(2 s²) = 1.35.
        assert.ok(error < expected(1.2, 1.35) / 15, `${error}`);
        // Four standard errors of 24 sets: Student's t is beyond that once in 1,700; there are four.
        near(mean, 0, 4 * error);
      }
    }
  });

  test('is not measured of bits or on a half-line', () => {
    for (const domain of ['binary', 'nonnegative'] as const) {
      const dataset = { ...datasetOf(new Float32Array(8), 2), domain };
      const context = { dataset, bounds: boundsOf(dataset.training, 2), seed: 0 };
      assert.equal(diagnostics.kernelStein.prepare(context), undefined);
    }
  });
});

test('what cannot be measured is told only where it was asked for', () => {
  const dataset = datasetOf(new Float32Array(30), 3);
  const context = {
    dataset,
    bounds: Array.from({ length: 3 }, () => [0, 1] as const),
    resolution: 0,
    seed: 0,
  };
  assert.deepEqual(prepareDiagnostics(null, context), { diagnostics: [], warnings: [] });
  const { warnings, diagnostics: prepared } = prepareDiagnostics(
    ['kullbackLeibler', 'energyGap'],
    context,
  );
  assert.equal(prepared.length, 1);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0]!,
    /^The diagnostic 'kullbackLeibler' is not measured: it needs data whose/,
  );
});
