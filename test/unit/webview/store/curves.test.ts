import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { rollBackIn, rollBackText } from '../../../../vocabulary/roll-back';
import { type ChartPicture, chartSvg } from '../../../../webview/store/chart-svg';
import { placedOn, samplesAxis, timeAxis } from '../../../../webview/store/curve-axis';
import { extremeOf } from '../../../../webview/store/extreme';
import { isMeant } from '../../../../webview/store/metric-filter';
import { fromSnapshot } from '../../../../webview/store/panel-state';
import { marksText, runMarks } from '../../../../webview/store/run-marks';
import { scatter } from '../../../../webview/store/scatter';
import { Series } from '../../../../webview/store/series';
import { fakeManifest, fakeSnapshot, fakeState } from '../../../fixtures/fake-run';

function seriesOf(steps: readonly number[], values: readonly number[]): Series {
  const series = new Series();
  series.append({ steps: Float64Array.from(steps), values: Float32Array.from(values) });
  return series;
}

describe('an axis of curves', () => {
  test('of time goes through what the clock tells, and back', () => {
    const clock = { steps: Float64Array.of(1, 11, 21), seconds: Float64Array.of(0, 60, 240) };
    const axis = timeAxis(clock)!;
    assert.equal(axis.name, 'Time in minutes');
    assert.deepEqual([1, 6, 11, 16, 21].map(axis.at), [0, 0.5, 1, 2.5, 4]);
    assert.deepEqual([0, 0.5, 1, 2.5, 4].map(axis.stepAt), [1, 6, 11, 16, 21]);
    assert.ok(Number.isNaN(axis.at(22)) && Number.isNaN(axis.at(0)));
    const points = placedOn(axis, { steps: [0, 6, 30], values: [[1, 2, 3]] });
    assert.deepEqual(points, { steps: [0.5], values: [[2]] });
  });

  test('of time is none before two steps are told, and of one moment', () => {
    assert.equal(timeAxis({ steps: Float64Array.of(3), seconds: Float64Array.of(0) }), undefined);
    const still = { steps: Float64Array.of(1, 2), seconds: Float64Array.of(0, 0) };
    assert.equal(timeAxis(still), undefined);
  });

  test('of samples counts rows', () => {
    const axis = samplesAxis(128);
    assert.equal(axis.at(10), 1280);
    assert.equal(axis.stepAt(1280), 10);
  });
});

describe('the extreme of a curve', () => {
  const values = fc.array(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN)), {
    maxLength: 200,
  });

  test('is the first of what a scan finds', () => {
    fc.assert(
      fc.property(values, (list) => {
        const series = seriesOf(
          list.map((_, at) => 3 * at),
          list,
        );
        for (const which of ['lowest', 'highest'] as const) {
          const finite = list.filter(Number.isFinite);
          const value = which === 'lowest' ? Math.min(...finite) : Math.max(...finite);
          const found = extremeOf(series, which);
          if (finite.length === 0) assert.equal(found, undefined);
          else assert.ok(found?.step === 3 * list.indexOf(value) && found.value === value);
        }
      }),
    );
  });
});

describe('curves against another', () => {
  const against = seriesOf([1, 2, 3, 5], [4, 2, Number.NaN, 3]);
  const curve = seriesOf([1, 2, 3, 4, 5], [10, 20, 30, 40, 50]);
  const curves = [{ series: curve, values: curve.values }];

  test('are the points of the steps that both have', () => {
    const all = scatter(against, curves, [1, 5], { low: 0, high: 5, columns: 10 });
    assert.deepEqual(all, { steps: [2, 3, 4], values: [[20, 50, 10]] });
    const some = scatter(against, curves, [2, 5], { low: 0, high: 5, columns: 10 });
    assert.deepEqual(some, { steps: [2, 3], values: [[20, 50]] });
  });

  test('are told by their extremes where they are many', () => {
    const steps = Array.from({ length: 4000 }, (_, at) => at);
    const xs = seriesOf(
      steps,
      steps.map((at) => at % 100),
    );
    const ys = seriesOf(
      steps,
      steps.map((at) => (at === 1234 ? 777 : at % 7)),
    );
    const view = { low: 0, high: 100, columns: 50 };
    const { steps: places, values } = scatter(
      xs,
      [{ series: ys, values: ys.values }],
      [0, 4000],
      view,
    );
    assert.equal(places.length, 100);
    assert.equal(Math.max(...values[0]!.map((value) => value ?? 0)), 777);
    // 1234 % 100 = 34 lies in the column of 34 and 35, whose places are 34.5 and 35.5.
    assert.equal(places[values[0]!.indexOf(777)], 35.5);
  });
});

test('metrics are found by the words that were typed', () => {
  const metric = { name: 'energy/data', label: 'Energy of data', group: 'Energy' };
  for (const typed of ['', ' ', 'DATA', 'of energy', 'energy/']) assert.ok(isMeant(metric, typed));
  assert.ok(!isMeant(metric, 'energy samples'));
});

describe('marks', () => {
  test('of a roll-back are found in what was said of it', () => {
    const said = rollBackText({ at: 900, to: 800 }, 'The loss became NaN.', 0.1);
    assert.equal(
      said,
      'Step 900: The loss became NaN. Rolled back to step 800; learning rate × 0.1 from here on.',
    );
    assert.deepEqual(rollBackIn(said), { at: 900, to: 800 });
    assert.equal(rollBackIn('Rolled back to step 800; '), undefined);
  });

  test('are what the run recorded, in order and in words', () => {
    const resumes = [{ at: '2026-03-04T10:20:00.000Z', step: 1000 }];
    const warnings = ['Something else.', rollBackText({ at: 900, to: 800 }, 'Bad.', 0.1)];
    const problem = { kind: 'training', message: 'The loss is NaN.' } as const;
    const state = fakeState({ status: 'failed', step: 1250, problem });
    const of = { at: '2026-03-04T10:20:00.000Z', option: 'optimizer.learningRate' };
    const changes = [
      { ...of, step: 700, from: 1e-3, to: 1e-4 },
      // Of an exact rerun what is still to come is known.
      { ...of, step: 1300, from: 1e-4, to: 1e-5 },
    ];
    const knobs = [{ name: 'learningRate', option: of.option, label: 'learning rate' }];
    const manifest = fakeManifest({ resumes, warnings, changes, knobs });
    const panel = fromSnapshot(fakeSnapshot({ manifest, state }));
    const marks = runMarks(panel);
    assert.deepEqual(marks, [
      { step: 700, word: 'learning rate 0.001 → 0.0001' },
      { step: 900, word: 'back to 800' },
      { step: 1000, word: 'resumed' },
      { step: 1250, word: 'failed' },
    ]);
    assert.equal(
      marksText(marks, [100, 200, 300, 400, 500]),
      'Learning rate 0.001 → 0.0001 at 700 · back to 800 at 900 · resumed at 1,000 · failed at 1,250 · 5 checkpoints, the last at 200, 300, 400, 500',
    );
    assert.equal(marksText([], [400]), '1 checkpoint, at 400');
    assert.equal(marksText([], []), '');
  });
});

describe('a chart as a drawing', () => {
  const picture: ChartPicture = {
    title: 'Loss <&"',
    xName: 'Step',
    width: 484,
    height: 370,
    x: [0, 5, 10],
    xRange: [0, 10],
    yRange: [0, 4],
    isLog: false,
    lines: [
      {
        ...{ label: '</text><script>\u0000', color: 'rgb(1, 2, 3)', dash: [2, 3], width: 1 },
        ...{ isScattered: false, isNamed: true, values: [0, 4, 2] },
      },
    ],
    marks: [{ x: 5, word: 'resumed' }],
    colors: { background: '#fff', foreground: '#000', muted: '#555', grid: '#eee' },
    fontFamily: 'x"y',
  };

  test('has each point where its numbers say', () => {
    // The plot is 400 by 300, from (64, 30).
    assert.match(chartSvg(picture), /d="M64 330L264 30L464 180" stroke="rgb\(1, 2, 3\)"/);
    const isLog = { ...picture, isLog: true, yRange: [1, 100] as const };
    const [line] = picture.lines;
    const lines = [{ ...line!, values: [1, 10, 100] }];
    assert.match(chartSvg({ ...isLog, lines }), /d="M64 330L264 180L464 30"/);
  });

  test('breaks at what is not finite, and passes where there is no value', () => {
    const [line] = picture.lines;
    const values = [[0, null, 2] as const, [0, undefined, 2] as const];
    const drawn = values.map((list) =>
      chartSvg({ ...picture, lines: [{ ...line!, values: list }] }),
    );
    assert.match(drawn[0]!, /d="M64 330M464 180"/);
    assert.match(drawn[1]!, /d="M64 330L464 180"/);
  });

  test('has nothing of other people’s text but text', () => {
    const svg = chartSvg(picture);
    assert.ok(svg.includes('&lt;/text&gt;&lt;script&gt;\ufffd'));
    assert.ok(svg.includes('Loss &lt;&amp;&quot;') && svg.includes('x&quot;y'));
    assert.ok(!svg.includes('<script') && !svg.includes('\u0000'));
  });
});
