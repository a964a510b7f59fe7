import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decimate, walkCurve } from '../../../../webview/store/decimate';
import { MinMaxPyramid } from '../../../../webview/store/min-max-pyramid';
import { Series } from '../../../../webview/store/series';
import {
  SmoothedValues,
  smoothingPosition,
  smoothingWeight,
} from '../../../../webview/store/smoothed-values';

function pyramidOf(values: Iterable<number>): MinMaxPyramid {
  const pyramid = new MinMaxPyramid();
  for (const value of values) pyramid.push(value);
  return pyramid;
}

function seriesOf(steps: readonly number[], values: readonly number[]): Series {
  const series = new Series();
  series.append({ steps: Float64Array.from(steps), values: Float32Array.from(values) });
  return series;
}

/** Values that are exact in single precision. */
const singles = fc.float({ noDefaultInfinity: false, noNaN: false });

describe('MinMaxPyramid', () => {
  test('finds the extremes of any stretch that a scan finds', () => {
    fc.assert(
      fc.property(
        fc.array(singles, { maxLength: 400 }),
        fc.nat(420),
        fc.nat(420),
        (values, a, b) => {
          const finite = values.slice(a, b).filter(Number.isFinite);
          const expected =
            finite.length > 0 && a < b
              ? { min: Math.min(...finite), max: Math.max(...finite) }
              : undefined;
          const found = pyramidOf(values).range(a, b);
          // Zeros of either sign are the same extreme.
          assert.equal(found === undefined, expected === undefined);
          assert.ok(found?.min === expected?.min && found?.max === expected?.max);
        },
      ),
    );
  });

  test('keeps one spike among a million values in sight of the whole', () => {
    const pyramid = new MinMaxPyramid();
    for (let i = 0; i < 1_000_000; i++) pyramid.push(i === 654_321 ? 99 : i % 2);
    assert.deepEqual(pyramid.range(0, 1_000_000), { min: 0, max: 99 });
    assert.deepEqual(pyramid.range(654_322, 1_000_000), { min: 0, max: 1 });
    assert.deepEqual(pyramid.range(654_321, 654_322), { min: 99, max: 99 });
  });

  test('has nothing to say about an empty or never finite stretch', () => {
    assert.equal(pyramidOf([]).range(0, 10), undefined);
    assert.equal(pyramidOf([Number.NaN, Number.POSITIVE_INFINITY]).range(0, 2), undefined);
    assert.equal(pyramidOf([1, 2, 3]).range(2, 2), undefined);
    assert.ok(Number.isNaN(pyramidOf([1]).at(1)));
  });

  test('starts anew after all was taken back', () => {
    const pyramid = pyramidOf(Array.from({ length: 100 }, (_, i) => i));
    pyramid.truncate(0);
    for (let i = 0; i < 20; i++) pyramid.push(1 - i);
    assert.deepEqual(pyramid.range(0, 100), { min: -18, max: 1 });
  });
});

describe('Series', () => {
  test('finds points by step', () => {
    const series = seriesOf([10, 20, 30], [1, 2, 3]);
    assert.deepEqual(
      [5, 10, 15, 30, 31].map((step) => series.indexFrom(step)),
      [0, 0, 1, 2, 3],
    );
    assert.deepEqual(
      [5, 10, 15, 30, 31].map((step) => series.indexUpTo(step)),
      [-1, 0, 0, 2, 2],
    );
  });

  test('grows by chunks and leaves out repetitions', () => {
    const series = seriesOf([1, 2, 3], [10, 20, 30]);
    series.append({ steps: Float64Array.of(2, 3, 4), values: Float32Array.of(-1, -1, 40) });
    assert.equal(series.length, 4);
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => [series.stepAt(i), series.values.at(i)]),
      [
        [1, 10],
        [2, 20],
        [3, 30],
        [4, 40],
      ],
    );
    assert.equal(series.firstStep, 1);
    assert.equal(series.lastStep, 4);
  });

  test('takes only as many points as both arrays have', () => {
    const series = new Series();
    series.append({ steps: Float64Array.of(1, 2, 3), values: Float32Array.of(1, 2) });
    assert.equal(series.length, 2);
    assert.equal(new Series().lastStep, undefined);
  });
});

describe('SmoothedValues', () => {
  test('is the weighted mean of all values so far, newest heaviest', () => {
    // By definition: sum of w^(t-s) x_s over the sum of the weights.
    const weight = 0.8;
    const values = [3, -1, 4, 1, -5, 9];
    const smoothed = new SmoothedValues(weight);
    smoothed.follow(pyramidOf(values));
    for (let t = 0; t < values.length; t++) {
      let sum = 0;
      let weights = 0;
      for (let s = 0; s <= t; s++) {
        sum += weight ** (t - s) * values[s]!;
        weights += weight ** (t - s);
      }
      // Values are kept in single precision, about seven digits.
      assert.ok(Math.abs(smoothed.values.at(t) - sum / weights) < 1e-6);
    }
  });

  test('goes on where it stopped', () => {
    const source = pyramidOf([1, 2, 3]);
    const piecewise = new SmoothedValues(0.9);
    piecewise.follow(source);
    source.push(10);
    piecewise.follow(source);
    const atOnce = new SmoothedValues(0.9);
    atOnce.follow(source);
    assert.equal(piecewise.values.length, 4);
    assert.equal(piecewise.values.at(3), atOnce.values.at(3));
  });

  test('has gaps where values are not finite and is not spoilt by them', () => {
    const smoothed = new SmoothedValues(0.5);
    smoothed.follow(pyramidOf([1, Number.NaN, 1]));
    assert.ok(Number.isNaN(smoothed.values.at(1)));
    assert.equal(smoothed.values.at(2), 1);
  });

  test('maps the slider to weights and back', () => {
    assert.equal(smoothingWeight(0), 0);
    assert.ok(Math.abs(smoothingWeight(1 / 3) - 0.9) < 1e-12);
    assert.ok(Math.abs(smoothingWeight(2 / 3) - 0.99) < 1e-12);
    for (const position of [0, 0.25, 0.5, 1]) {
      assert.ok(Math.abs(smoothingPosition(smoothingWeight(position)) - position) < 1e-9);
    }
    assert.ok(Math.abs(smoothingPosition(0.9999999) - 1) < 1e-9);
  });
});

describe('decimate', () => {
  const curve = (series: Series) => ({ series, values: series.values });

  test('gives few points as they are, over the union of their steps', () => {
    const a = seriesOf([1, 2, 3], [1, Number.NaN, 3]);
    const b = seriesOf([2, 4], [20, 40]);
    assert.deepEqual(decimate([curve(a), curve(b)], 1, 4, 100), {
      steps: [1, 2, 3, 4],
      values: [
        [1, null, 3, undefined],
        [undefined, 20, undefined, 40],
      ],
    });
  });

  test('reaches one point beyond either end of the range', () => {
    const series = seriesOf([0, 10, 20, 30, 40], [0, 1, 2, 3, 4]);
    assert.deepEqual(decimate([curve(series)], 15, 25, 100).steps, [10, 20, 30]);
  });

  test('draws at most two points a column and loses no extreme', () => {
    const length = 100_000;
    const spikes = new Set([1, 777, 50_000, 99_998]);
    const steps = Array.from({ length }, (_, i) => i);
    const series = seriesOf(
      steps,
      steps.map((i) => (spikes.has(i) ? 1000 + i / 1000 : Math.sin(i))),
    );
    const columns = 300;
    const { steps: x, values } = decimate([curve(series)], 0, length - 1, columns);
    assert.equal(x.length, 2 * columns);
    assert.ok(x.every((step, i) => i === 0 || step > x[i - 1]!));
    const drawn = values[0]!;
    for (const spike of spikes) {
      const column = Math.min(columns - 1, Math.floor((spike / (length - 1)) * columns));
      const expected = Math.fround(1000 + spike / 1000);
      assert.ok(drawn.slice(2 * column, 2 * column + 2).includes(expected), `spike at ${spike}`);
    }
  });

  test('shows the extremes of any data within the range, whatever the zoom', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
          minLength: 50,
          maxLength: 300,
        }),
        fc.nat(40),
        fc.integer({ min: 5, max: 10 }),
        (raw, from, columns) => {
          const series = seriesOf(
            raw.map((_, i) => i),
            raw,
          );
          const to = raw.length - 1;
          const drawn = decimate([curve(series)], from, to, columns).values[0]!;
          const inRange = Array.from(Float32Array.from(raw.slice(from)));
          const numbers = drawn.filter((value) => typeof value === 'number');
          assert.ok(Math.max(...numbers) >= Math.max(...inRange));
          assert.ok(Math.min(...numbers) <= Math.min(...inRange));
        },
      ),
    );
  });

  test('breaks a line where a whole column is not finite', () => {
    const steps = Array.from({ length: 1000 }, (_, i) => i);
    const series = seriesOf(
      steps,
      steps.map((i) => (i >= 400 && i < 600 ? Number.NaN : 1)),
    );
    const drawn = decimate([curve(series)], 0, 999, 100).values[0]!;
    assert.equal(drawn[100], null);
    assert.equal(drawn[0], 1);
    assert.equal(drawn.at(-1), 1);
  });

  test('tells one curve point by point as it tells several', () => {
    fc.assert(
      fc.property(
        fc.array(singles, { maxLength: 300 }),
        fc.integer({ min: -10, max: 200 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (raw, from, span, columns) => {
          const series = seriesOf(
            raw.map((_, i) => i),
            raw,
          );
          const to = from + span;
          const { steps, values } = decimate([curve(series)], from, to, columns);
          const walked: (readonly [number, number | null])[] = [];
          walkCurve(curve(series), [from, to], columns, (step, value) => {
            walked.push([step, Number.isFinite(value) ? value : null]);
          });
          const listed = steps.map((step, k) => [step, values[0]![k]] as const);
          assert.deepEqual(
            walked,
            listed.filter(([, value]) => value !== undefined),
          );
        },
      ),
    );
  });

  test('has nothing to draw of nothing', () => {
    assert.deepEqual(decimate([curve(new Series())], 0, 10, 100), { steps: [], values: [[]] });
    assert.deepEqual(decimate([], 0, 10, 100), { steps: [], values: [] });
  });
});
