import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { robustRange } from '../../../../protocol/energy-range';
import { viridis, viridisTable } from '../../../../protocol/viridis';
import { csvNumber } from '../../../../vocabulary/csv';
import { formatCount, formatDuration, formatSpeed } from '../../../../vocabulary/quantities';
import { contourSegments, contours, evenLevels } from '../../../../webview/store/contours';
import { seriesToCsv } from '../../../../webview/store/csv';
import { drifted, energyAt } from '../../../../webview/store/energy-range';
import { drawableField, holesOf } from '../../../../webview/store/field-holes';
import { histogram } from '../../../../webview/store/histogram';
import {
  formatSpread,
  formatStepTick,
  formatTick,
  formatValue,
} from '../../../../webview/store/number-format';
import {
  axisMarks,
  drawnPoints,
  inDataUnits,
  placeText,
  plotAspect,
  plotAxis,
} from '../../../../webview/store/plot-window';
import { column, moments, plane } from '../../../../webview/store/point-set';
import { Series } from '../../../../webview/store/series';
import { axisTicks, niceTicks } from '../../../../webview/store/ticks';
import { fakeLayout } from '../../../fixtures/fake-run';
import { fc } from '../../../support/fast-check';

/** A field of `f` at the cell centres over the unit square. */
function fieldOf(resolution: number, f: (u: number, v: number) => number): Float32Array {
  return Float32Array.from({ length: resolution ** 2 }, (_, i) =>
    f(((i % resolution) + 0.5) / resolution, (Math.floor(i / resolution) + 0.5) / resolution),
  );
}

describe('viridis', () => {
  test('is the published map at its ends and in the middle', () => {
    // matplotlib's _cm_listed.py, entries 0, 128 and 255; the fit is good to about 0.01.
    const published = [
      [0, [0.267004, 0.004874, 0.329415]],
      [128 / 255, [0.127568, 0.566949, 0.550556]],
      [1, [0.993248, 0.906157, 0.143936]],
    ] as const;
    for (const [t, color] of published) {
      viridis(t).forEach((channel, k) => {
        assert.ok(Math.abs(channel - color[k]!) < 0.015, `${t}: ${channel} for ${color[k]}`);
      });
    }
  });

  test('grows brighter all along', () => {
    const luminance = (t: number) => {
      const [r, g, b] = viridis(t);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    for (let k = 1; k <= 64; k++) assert.ok(luminance(k / 64) > luminance((k - 1) / 64));
    assert.equal(viridisTable.length, 1024);
    assert.equal(viridisTable[3], 255);
  });
});

describe('energy range', () => {
  test('is not moved by a few extreme or infinite energies', () => {
    const field = Float32Array.from({ length: 1000 }, (_, i) => i / 1000);
    const { low, high } = robustRange(field);
    assert.ok(Math.abs(low - 0.01) < 0.002 && Math.abs(high - 0.9) < 0.002);
    const spoilt = Float32Array.from(field);
    spoilt.set([1e30, Number.POSITIVE_INFINITY, Number.NaN, -1e30], 500);
    const after = robustRange(spoilt);
    assert.ok(Math.abs(after.low - low) < 0.01 && Math.abs(after.high - high) < 0.01);
  });

  test('is never empty', () => {
    for (const energies of [[5, 5, 5], [], [Number.NaN]]) {
      const { low, high } = robustRange(Float32Array.from(energies));
      assert.ok(high > low);
    }
  });

  test('drifts towards that of the next preview, and jumps where it must', () => {
    const shown = { low: 0, high: 10 };
    assert.deepEqual(drifted(undefined, shown), shown);
    assert.deepEqual(drifted(shown, { low: 1, high: 11 }), { low: 0.4, high: 10.4 });
    for (const far of [
      { low: 0, high: 100 },
      { low: 0, high: 1 },
      { low: 50, high: 60 },
    ]) {
      assert.deepEqual(drifted(shown, far), far);
    }
  });

  test('reads the energy at a point between cell centres', () => {
    // Bilinear interpolation is exact for a plane, up to single precision.
    const field = fieldOf(16, (u, v) => 3 * u - 2 * v);
    for (const [u, v] of [
      [0.5, 0.5],
      [0.31, 0.77],
      [0.05, 0.9],
    ] as const) {
      assert.ok(Math.abs(energyAt(field, 16, u, v) - (3 * u - 2 * v)) < 1e-5);
    }
    // Beyond the outermost centres the edge goes on.
    assert.ok(Math.abs(energyAt(field, 16, 0, 0) - field[0]!) < 1e-6);
    assert.ok(Math.abs(energyAt(field, 16, 1, 1) - field.at(-1)!) < 1e-6);
  });
});

describe('a field that is not a number', () => {
  const nan = Number.NaN;

  test('says where', () => {
    const field = Float32Array.of(0, 1, 2, 3, 4, nan, nan, 7, 8, nan, 10, 11, 12, 13, 14, 15);
    const holes = holesOf(field, 4);
    assert.deepEqual(holes && { ...holes, mask: [...holes.mask] }, {
      mask: [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
      share: 3 / 16,
      u: [0.25, 0.75],
      v: [0.25, 0.75],
    });
    assert.equal(holesOf(Float32Array.of(1, Number.POSITIVE_INFINITY, 3, 4), 2), undefined);
    assert.equal(holesOf(new Float32Array(4).fill(nan), 2)?.share, 1);
  });

  test('is drawn with what is infinite at the end of the scale that it is nearest to', () => {
    const range = { low: 0, high: 10 };
    const sound = Float32Array.of(1, 2);
    assert.equal(drawableField(sound, range), sound);
    const { POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;
    assert.deepEqual(
      [...drawableField(Float32Array.of(3, most, least, nan), range)],
      [3, 10, 0, 5],
    );
  });
});

describe('contours', () => {
  test('of a cone are circles', () => {
    const field = fieldOf(64, (u, v) => Math.hypot(u - 0.5, v - 0.5));
    const segments = contourSegments(field, 64, 0.3);
    assert.ok(segments.length > 4 * 64);
    // Interpolation on cells of 1/64 is off by about curvature times cell squared over 8.
    for (let i = 0; i < segments.length; i += 2) {
      const radius = Math.hypot(segments[i]! - 0.5, segments[i + 1]! - 0.5);
      assert.ok(Math.abs(radius - 0.3) < 0.001);
    }
  });

  test('are not where the level is not taken', () => {
    assert.deepEqual(
      contourSegments(
        fieldOf(8, () => 1),
        8,
        2,
      ),
      [],
    );
    const holed = fieldOf(8, (u) => u);
    holed.fill(Number.NaN);
    assert.deepEqual(contourSegments(holed, 8, 0.5), []);
  });

  test('separate like from unlike in a saddle', () => {
    // South-west and north-east high, the middle low: two lines that cut off the high corners.
    const segments = contourSegments(Float32Array.of(1, -2, -2, 1), 2, 0);
    assert.equal(segments.length, 8);
    const [a, b] = [segments.slice(0, 4), segments.slice(4)];
    const middle = ([x0, y0, x1, y1]: readonly number[]) => (x0! + y0! + x1! + y1!) / 2;
    assert.ok(Math.min(middle(a), middle(b)) < 1 && Math.max(middle(a), middle(b)) > 1);
  });
});

describe('contours of many levels', () => {
  test('are those of each level, whatever the field and the step', () => {
    const number = fc.oneof(
      fc.double({ min: -9, max: 9, noNaN: true }),
      // On a level, or none at all.
      fc.constantFrom(0, 0.3, 0.6, -0.9, 3, Number.NaN, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 36, maxLength: 36 }),
        fc.constantFrom(0.1, 0.3, 1, 7),
        (values, step) => {
          const field = Float32Array.from(values);
          const levels = evenLevels(step, [-5, 5]);
          const found = contours(field, 6, levels);
          for (let k = Math.ceil(-5 / step); k * step <= 5; k++) {
            assert.deepEqual(found.get(k) ?? [], contourSegments(field, 6, k * step));
          }
        },
      ),
    );
  });
});

describe('axes', () => {
  test('have three ticks at least, however small they are drawn', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        (low, span, most) => {
          assert.ok(axisTicks(low, low + span, most).values.length >= 3);
        },
      ),
    );
    assert.deepEqual(axisTicks(0, 10, 5), niceTicks(0, 10, 5));
  });

  test('have round ticks within the window, no more than asked for', () => {
    assert.deepEqual(niceTicks(0, 10, 5), { increment: 2, values: [0, 2, 4, 6, 8, 10] });
    assert.deepEqual(niceTicks(1, 1, 5).values, []);
    assert.deepEqual(niceTicks(0, Number.POSITIVE_INFINITY, 5).values, []);
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.integer({ min: 2, max: 20 }),
        (low, span, most) => {
          const { increment, values } = niceTicks(low, low + span, most);
          assert.ok(values.length <= most + 1);
          const slack = 1e-6 * increment;
          assert.ok(values.every((tick) => tick >= low - slack && tick <= low + span + slack));
        },
      ),
    );
  });

  test('read model space in the units of the data', () => {
    const transform = { mean: [100, 5], scale: [20, 0.5] };
    const axis = plotAxis(fakeLayout, transform, 0);
    assert.deepEqual(axis, { name: 'x1', low: -3, high: 3, scale: 20, mean: 100 });
    assert.equal(inDataUnits(axis, -1), 80);
    assert.equal(plotAxis(fakeLayout, undefined, 1).scale, 1);
  });

  test('of categories are marked by the names of levels, thinned where they are many', () => {
    const layout = {
      dimensions: 2,
      axes: ['island', 'sex'],
      bounds: [
        [-0.5, 2.5],
        [-0.5, 1.5],
      ],
      resolution: 0,
      categories: [
        { name: 'island', levels: ['Biscoe', 'Dream', 'Torgersen'] },
        { name: 'sex', levels: ['female', 'male'] },
      ],
    } as const;
    const [island, sex] = [0, 1].map((axis) => plotAxis(layout, undefined, axis));
    assert.deepEqual(axisMarks(island!, 5), [
      { at: 0.5 / 3, text: 'Biscoe' },
      { at: 1.5 / 3, text: 'Dream' },
      { at: 2.5 / 3, text: 'Torgersen' },
    ]);
    assert.deepEqual(
      axisMarks(island!, 2).map(({ text }) => text),
      ['Biscoe', 'Torgersen'],
    );
    assert.equal(placeText(island!, 1.3), 'Dream');
    assert.equal(placeText(sex!, -0.4), 'female');
    // Points of one place are drawn apart, but nearer to it than to any other.
    const codes = Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 2 : 1));
    const drawn = drawnPoints(codes, island!, sex!);
    assert.equal(new Set(drawn).size, 400);
    drawn.forEach((value, i) => {
      assert.ok(Math.abs(value - codes[i]!) < 0.36);
    });
    assert.equal(
      drawnPoints(codes, plotAxis(fakeLayout, undefined, 0), plotAxis(fakeLayout, undefined, 1)),
      codes,
    );
  });

  test('of one plane have equal scales, others share a square', () => {
    const axis = (name: string, low: number, high: number, scale = 1) => ({
      name,
      low,
      high,
      scale,
      mean: 0,
    });
    assert.equal(plotAspect(axis('x1', -3, 3), axis('x2', -2, 2)), 1.5);
    assert.equal(plotAspect(axis('x1', -3, 3, 2), axis('x2', -3, 3, 1)), 2);
    assert.equal(plotAspect(axis('x1', 0, 100), axis('x2', 0, 1)), 1);
    assert.equal(plotAspect(axis('bill length', 0, 2), axis('body mass', 0, 1)), 1);
  });
});

describe('points', () => {
  const rows = Float32Array.of(1, 10, 100, 2, 20, 200);

  test('are picked by dimension', () => {
    assert.deepEqual([...column(rows, 3, 1)], [10, 20]);
    assert.deepEqual([...plane(rows, 3, [2, 0])], [100, 1, 200, 2]);
    const flat = Float32Array.of(1, 2, 3, 4);
    assert.equal(plane(flat, 2, [0, 1]), flat);
  });

  test('have a mean and a deviation', () => {
    assert.deepEqual(moments(Float32Array.of(1, 3)), { mean: 2, deviation: 1 });
    assert.equal(moments(new Float32Array(0)), undefined);
  });

  test('fill a histogram of unit area, up to what lies outside', () => {
    const { densities, outside } = histogram(Float32Array.of(-1, 0, 0.5, 1.9, 2, 7), 0, 2, 4);
    assert.equal(outside, 2);
    // Bins of width ½, six values: one value is a density of 1/3.
    const third = 1 / 3;
    [third, third, 0, 2 * third].forEach((expected, bin) => {
      assert.ok(Math.abs(densities[bin]! - expected) < 1e-12);
    });
  });
});

describe('numbers', () => {
  test('are short and honest', () => {
    assert.equal(formatCount(1234567), '1,234,567');
    assert.deepEqual([0, 0.17923, -1.19712, 12345.6, 1.5e9, 2.5e-7, undefined].map(formatValue), [
      '0',
      '0.1792',
      '−1.197',
      '12346',
      '1.5e9',
      '2.5e−7',
      '–',
    ]);
    assert.deepEqual(
      [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(formatValue),
      ['NaN', '∞', '−∞'],
    );
    assert.deepEqual(
      [-0.5, 0, 0.5].map((tick) => formatTick(tick, 0.5)),
      ['−0.5', '0.0', '0.5'],
    );
    assert.equal(formatTick(0.75, 0.25), '0.75');
    assert.equal(formatTick(-1e-17, 0.2), '0.0');
    assert.equal(formatTick(200_000, 100_000), '2e5');
    assert.deepEqual([500, 20_000, 1_500_000].map(formatStepTick), ['500', '20k', '1.5M']);
    assert.deepEqual([1421.4, 14.23, 0.142].map(formatSpeed), ['1,421', '14.2', '0.14']);
  });

  test('are a mean and a deviation to the digits that the deviation leaves', () => {
    assert.equal(formatSpread(0.12345, 0.9876), '0.123 ± 0.988');
    assert.equal(formatSpread(12.3456, 34.567), '12.3 ± 34.6');
    // A pixel that is the same in all images: what is left is single precision's.
    assert.equal(formatSpread(-1, 1.5e-14), '−1.000 ± 0');
    assert.equal(formatSpread(0, 0), '0 ± 0');
    assert.equal(formatSpread(Number.NaN, Number.NaN), 'NaN ± NaN');
  });

  test('on an axis differ where the ticks do', () => {
    for (const [low, increment] of [
      [1, 1e-5],
      [123_456, 1],
      [0, 2e-4],
      [-3e-7, 1e-7],
      [0.25, 5e-7],
    ] as const) {
      const ticks = [0, 1, 2, 3].map((k) => formatTick(low + k * increment, increment));
      assert.equal(new Set(ticks).size, 4, ticks.join(' '));
    }
  });

  test('of time are as precise as waiting needs', () => {
    assert.deepEqual([0, 0.2, 34.2, 59, 125, 3599.5, 4020, 300_000].map(formatDuration), [
      '0 s',
      '1 s',
      '35 s',
      '59 s',
      '2 min 05 s',
      '1 h 00 min',
      '1 h 07 min',
      '3 days',
    ]);
  });
});

describe('comma-separated values', () => {
  test('hold each step once, with a blank where a curve has none', () => {
    const series = (steps: number[], values: number[]) => {
      const made = new Series();
      made.append({ steps: Float64Array.from(steps), values: Float32Array.from(values) });
      return made;
    };
    const curves = [
      { name: 'loss', series: series([1, 2, 3], [0.5, 0.25, Number.NaN]) },
      { name: 'energy, "data"', series: series([2, 4], [7, 8]) },
    ];
    assert.equal(
      seriesToCsv(curves, [1, 10]),
      'step,loss,"energy, ""data"""\n1,0.5,\n2,0.25,7\n3,NaN,\n4,,8\n',
    );
    assert.equal(seriesToCsv(curves, [2, 2]), 'step,loss,"energy, ""data"""\n2,0.25,7\n');
    assert.equal(seriesToCsv([], [0, 1]), 'step\n');
  });

  test('have the digits that tell 32-bit numbers apart, and no more', () => {
    assert.deepEqual(
      [Math.fround(0.1), Math.fround(1 / 3), 2 ** -149, 16_777_216, -0.25].map(csvNumber),
      ['0.1', '0.33333334', '1.4013e-45', '16777216', '-0.25'],
    );
    fc.assert(
      fc.property(fc.float(), (value) =>
        Object.is(Math.fround(Number(csvNumber(value))), value === 0 ? 0 : value),
      ),
    );
  });
});
