import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random, streams } from '../../trainer-worker/compiler/random/random';
import type { Dataset } from '../../trainer-worker/methods/data/dataset';
import { type DiagnosticName, diagnostics } from '../../trainer-worker/methods/diagnostics';
import { toldApart } from '../../trainer-worker/methods/diagnostics/classifier-two-sample';
import { densityCoverage } from '../../trainer-worker/methods/diagnostics/density-and-coverage';
import type { Diagnostic, Subject } from '../../trainer-worker/methods/diagnostics/diagnostic';
import {
  type Estimate,
  isKnown,
  type KnownEstimate,
} from '../../trainer-worker/methods/diagnostics/estimate';
import { frechetDistance } from '../../trainer-worker/methods/diagnostics/frechet-distance';
import { nearestDistances } from '../../trainer-worker/methods/diagnostics/nearest-training-row';
import { patchesOf, patchesOfImage } from '../../trainer-worker/methods/diagnostics/patches';
import {
  projected,
  randomDirections,
  slicedDistance,
} from '../../trainer-worker/methods/diagnostics/sliced-distance';

const random = new Random(20, streams.trainingData);

/** `[count, 2]` standard normal points, the first coordinate shifted. */
const gaussian = (count: number, shift = 0) =>
  Float32Array.from({ length: 2 * count }, (_, i) => random.normal() + (i % 2 ? 0 : shift));

function near(measured: number, expected: number, tolerance: number): void {
  const said = `${measured}, not ${expected} ± ${tolerance}`;
  assert.ok(Math.abs(measured - expected) <= tolerance, said);
}

const deviation = (values: readonly number[]) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(square / (values.length - 1)) };
};

describe('the Fréchet distance', () => {
  const rows = gaussian(300);
  const moments = (points: Float32Array) => {
    const count = points.length / 2;
    const mean = [0, 0];
    for (let i = 0; i < points.length; i++) mean[i % 2]! += points[i]! / count;
    let [xx, xy, yy] = [0, 0, 0];
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = [points[i]! - mean[0]!, points[i + 1]! - mean[1]!];
      xx += (x * x) / (count - 1);
      xy += (x * y) / (count - 1);
      yy += (y * y) / (count - 1);
    }
    return { mean, xx, xy, yy };
  };

  test('of a set from itself is 0, and from one that is stretched and moved what that costs', () => {
    near(frechetDistance(rows, rows, 2).value, 0, 1e-12);
    const { mean, xx, yy } = moments(rows);
    const [factor, shift] = [1.7, [0.4, -2]];
    const moved = rows.map((x, i) => factor * x + shift[i % 2]!);
    const apart = shift.map((by, axis) => by + (factor - 1) * mean[axis]!);
    const expected = apart[0]! ** 2 + apart[1]! ** 2 + (factor - 1) ** 2 * (xx + yy);
    // Points are rounded to single precision.
    near(frechetDistance(rows, moved, 2).value, expected, 1e-5);
  });

  test('of covariances that do not commute is that of the closed form in the plane', () => {
    const sheared = rows.map((x, i) => (i % 2 ? 0.3 * x + 1.4 * rows[i - 1]! : x));
    const [s, t] = [moments(rows), moments(sheared)];
    const apart = s.mean.reduce((sum, value, axis) => sum + (value - t.mean[axis]!) ** 2, 0);
    const product = s.xx * t.xx + 2 * s.xy * t.xy + s.yy * t.yy;
    const determinants = (s.xx * s.yy - s.xy ** 2) * (t.xx * t.yy - t.xy ** 2);
    // (tr √M)² = tr M + 2 √det M of two by two numbers.
    const shared = Math.sqrt(product + 2 * Math.sqrt(determinants));
    const expected = apart + s.xx + s.yy + t.xx + t.yy - 2 * shared;
    near(frechetDistance(rows, sheared, 2).value, expected, 1e-5);
  });

  test('tells flat sets, whose covariance has no inverse', () => {
    const flat = Float32Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? i : 1));
    near(frechetDistance(flat, flat, 3).value, 0, 1e-6);
  });
});

describe('errors by the jackknife', () => {
  const axes = randomDirections(2, random);
  const sets = 60;
  const statistics: Readonly<
    Record<string, (samples: Float32Array, rows: Float32Array) => KnownEstimate>
  > = {
    'sliced Wasserstein': (samples, rows) =>
      slicedDistance(projected(samples, axes), projected(rows, axes)),
    Fréchet: (samples, rows) => frechetDistance(samples, rows, 2),
    density: (samples, rows) => densityCoverage(samples, rows, 2).density,
    coverage: (samples, rows) => densityCoverage(samples, rows, 2).coverage,
  };
  for (const [name, statistic] of Object.entries(statistics)) {
    test(`are how much the ${name} varies from set to set`, () => {
      const found = Array.from({ length: sets }, () => statistic(gaussian(160, 1), gaussian(120)));
      const { deviation: true_ } = deviation(found.map(({ value }) => value));
      const stated = Math.sqrt(found.reduce((sum, { error }) => sum + error ** 2, 0) / sets);
      // A deviation of 60 draws is known to 9 %: three and a half of those. Of coverage they are up to twice as large.
      assert.ok(stated > 0.7 * true_ && stated < 2 * true_, `${stated}, truly ${true_}`);
    });
  }
});

describe('density and coverage', () => {
  test('of one law are those that Naeem et al. derive', () => {
    const [samples, rows, k] = [60, 40, 5];
    const found = Array.from({ length: 200 }, () =>
      densityCoverage(gaussian(samples), gaussian(rows), 2),
    );
    let missed = 1;
    for (let i = 1; i <= k; i++) missed *= (rows - i) / (samples + rows - i);
    const density = deviation(found.map((each) => each.density.value));
    const coverage = deviation(found.map((each) => each.coverage.value));
    // Four standard errors of 200 draws.
    near(density.mean, 1, (4 * density.deviation) / Math.sqrt(200));
    near(coverage.mean, 1 - missed, (4 * coverage.deviation) / Math.sqrt(200));
    assert.ok(coverage.deviation < 0.05);
  });

  test('are 0 of samples that lie elsewhere, and tell a lost mode from noise', () => {
    const rows = new Float32Array([...gaussian(60), ...gaussian(60, 50)]);
    const elsewhere = densityCoverage(gaussian(100, 500), rows, 2);
    assert.deepEqual([elsewhere.density.value, elsewhere.coverage.value], [0, 0]);
    const oneMode = densityCoverage(gaussian(120), rows, 2);
    // Twice as many samples as belong to the mode: the density is 2 / 2 · 2 = 1 of all, half is covered.
    near(oneMode.density.value, 1, 4 * oneMode.density.error);
    near(oneMode.coverage.value, 0.5, 0.06);
  });

  test('count points that are equal as covered', () => {
    const equal = new Float32Array(40).fill(1);
    const { density, coverage } = densityCoverage(equal, equal, 2);
    // All 20 samples lie in each ball of radius 0.
    assert.deepEqual([density.value, coverage.value], [4, 1]);
  });
});

describe('the classifier two-sample test', () => {
  test('guesses where laws are one, is never wrong where they are far apart', () => {
    const count = 1000;
    const same = toldApart(gaussian(count), gaussian(count), 2);
    near(same.value, 0.5, 4 * same.error);
    near(same.error, 0.5 / Math.sqrt(count), 1e-3);
    const apart = toldApart(gaussian(count), gaussian(count, 20), 2);
    assert.equal(apart.value, 1);
    assert.ok(apart.error > 0 && apart.error < 0.005);
  });

  test('of two Gaussians is about as often right as can be', () => {
    const found = toldApart(gaussian(1000), gaussian(900, 2), 2);
    // Φ(1) at best; neighbours lose some two hundredths.
    near(found.value, 0.8413 - 0.01, 4 * found.error);
  });

  test('of a set from itself is not better than a guess', () => {
    const rows = gaussian(400);
    assert.ok(toldApart(rows, rows, 2).value < 0.6);
  });
});

describe('the nearest training row', () => {
  test('is found among all', () => {
    const [points, rows] = [gaussian(50), gaussian(333)];
    const found = nearestDistances(points, rows, 2);
    for (const [i, distance] of found.entries()) {
      let least = Number.POSITIVE_INFINITY;
      for (let j = 0; j < rows.length; j += 2) {
        const apart = Math.hypot(points[2 * i]! - rows[j]!, points[2 * i + 1]! - rows[j + 1]!);
        least = Math.min(least, apart);
      }
      near(distance, least, 1e-12);
    }
    assert.ok(Number.isNaN(nearestDistances(Float32Array.of(Number.NaN, 0), rows, 2)[0]!));
  });
});

test('patches are pieces of their own image', () => {
  const layout = { height: 5, width: 6, channels: 2 };
  const images = Float32Array.from({ length: 3 * 60 }, (_, i) => i);
  const patches = patchesOf(images, layout, new Random(1, streams.diagnostics));
  const size = 3 * 3 * 2;
  assert.equal(patches.length, 3 * patchesOfImage * size);
  for (let patch = 0; patch < 3 * patchesOfImage; patch++) {
    const values = patches.subarray(patch * size, (patch + 1) * size);
    const start = values[0]!;
    assert.equal(Math.floor(start / 60), Math.floor(patch / patchesOfImage));
    // Numbers count up along the image: 12 from row to row.
    assert.deepEqual(
      [...values],
      Array.from({ length: size }, (_, i) => start + 12 * Math.floor(i / 6) + (i % 6)),
    );
    assert.ok(((start % 60) % 12) / 2 <= 3 && Math.floor((start % 60) / 12) <= 2);
  }
});

/** Blurred spots of chance at chance places, 8 × 8, from -1 to 1: images of one law. */
function spots(count: number, draw: Random): Float32Array {
  const images = new Float32Array(count * 64);
  for (let i = 0; i < count; i++) {
    const [x, y, width] = [8 * draw.uniform(), 8 * draw.uniform(), 1 + 2 * draw.uniform()];
    for (let p = 0; p < 64; p++) {
      const squared = ((p % 8) - x) ** 2 + (Math.floor(p / 8) - y) ** 2;
      images[i * 64 + p] = 2 * Math.exp(-squared / (2 * width ** 2)) - 1;
    }
  }
  return images;
}

/** What only some measures ask for is not there. */
const unasked = () => Promise.reject(new Error('It is not asked for.'));

function measureOf(diagnostic: Diagnostic, samples: Float32Array) {
  const subject: Subject = {
    samples,
    ...{ energy: unasked, heldOutEnergies: unasked, inSpace: unasked, score: unasked },
    ...{ record: unasked, flowLogDensity: unasked, logPartition: unasked, anneal: unasked },
  };
  return diagnostic.measure(subject);
}

describe('measures of sets beside their floors', () => {
  const draw = new Random(4, streams.trainingData);
  const dataset: Dataset = {
    dimensions: 64,
    axes: Array.from({ length: 64 }, (_, d) => `x${d + 1}`),
    domain: 'real',
    training: spots(600, draw),
    heldOut: spots(150, draw),
    image: { height: 8, width: 8, channels: 1, from: [0, 255], to: [-1, 1] },
  };
  const bounds = Array.from({ length: 64 }, () => [-1, 1] as const);
  const prepared = (name: DiagnosticName, of: Dataset = dataset) =>
    diagnostics[name].prepare({ dataset: of, bounds, seed: 0 });
  const alike = spots(150, draw);
  const inverted = alike.map((value) => -value);

  const besideFloors = {
    slicedWasserstein: ['discrepancy/sliced-wasserstein'],
    patchWasserstein: ['discrepancy/patch-wasserstein'],
    randomFeatureFrechet: ['discrepancy/random-feature-frechet'],
    randomFeatureMmd: ['discrepancy/random-feature-mmd'],
    densityAndCoverage: ['neighbours/density', 'neighbours/coverage'],
    classifierTwoSample: ['two-sample/accuracy'],
  } satisfies Partial<Record<DiagnosticName, readonly string[]>>;
  for (const [name, metrics] of Object.entries(besideFloors)) {
    test(`${name}: at its floor of samples of the data's law, far from it of others`, async () => {
      const diagnostic = prepared(name as DiagnosticName)!;
      const known = (values: Readonly<Record<string, number | Estimate>>, metric: string) => {
        const value = values[metric];
        assert.ok(typeof value === 'object' && isKnown(value), metric);
        return value;
      };
      const [same, other] = [
        await measureOf(diagnostic, alike),
        await measureOf(diagnostic, inverted),
      ];
      const declared = metrics.flatMap((metric) => [metric, `${metric}/floor`]);
      assert.deepEqual(
        diagnostic.metrics.map((metric) => metric.name),
        declared.flatMap((metric) => [metric, `${metric}/error`]),
      );
      for (const metric of metrics) {
        const floor = known(same, `${metric}/floor`);
        assert.deepEqual(other[`${metric}/floor`], floor);
        const [close, far] = [known(same, metric), known(other, metric)];
        near(close.value, floor.value, 4 * Math.hypot(close.error, floor.error));
        const apart = Math.abs(far.value - floor.value);
        assert.ok(apart > 6 * Math.hypot(far.error, floor.error), `${metric}: ${apart}`);
      }
    });
  }

  test('the nearest training row is as far from new data as from held-out ones, and 0 of a copy', async () => {
    const diagnostic = prepared('nearestTrainingRow')!;
    const fresh = await measureOf(diagnostic, alike);
    const { value, error } = fresh['memorization/ratio'] as KnownEstimate;
    near(value, 1, 4 * error);
    assert.ok(error < 0.1);
    const half = new Float32Array(alike);
    half.set(dataset.training.subarray(0, 75 * 64));
    const copied = (await measureOf(diagnostic, half))['memorization/ratio'] as KnownEstimate;
    near(copied.value, 0.5 * value, 4 * copied.error);
  });

  test('say why they are not known of numbers that are not finite, or of a single sample', async () => {
    const broken = alike.map((value, i) => (i === 7 ? Number.NaN : value));
    const diagnostic = prepared('randomFeatureFrechet')!;
    const values = await measureOf(diagnostic, broken);
    assert.deepEqual(values['discrepancy/random-feature-frechet'], {
      unknown: 'the samples are not all finite numbers',
    });
    assert.ok(isKnown(values['discrepancy/random-feature-frechet/floor'] as Estimate));
    const one = await measureOf(diagnostic, alike.subarray(0, 64));
    assert.deepEqual(one['discrepancy/random-feature-frechet'], {
      unknown: 'it takes 3 samples, and 1 are shown',
    });
  });

  test('in features of images are not measured of other rows, those of neighbours are', () => {
    const { image: _, ...rows } = dataset;
    for (const name of ['patchWasserstein', 'randomFeatureFrechet', 'randomFeatureMmd'] as const) {
      assert.equal(prepared(name, rows), undefined);
    }
    for (const name of [
      'densityAndCoverage',
      'classifierTwoSample',
      'nearestTrainingRow',
    ] as const) {
      assert.ok(prepared(name, rows));
    }
  });
});
