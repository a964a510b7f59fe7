import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventWriter } from '../../../run-directory/event-file';
import { RunCurvesReader } from '../../../run-directory/run-curves';
import { thinned } from '../../../run-directory/thin-curve';
import { fc } from '../../support/fast-check';
import { temporaryFolder } from '../../support/temporary';

const curve = (values: readonly number[]) => ({
  steps: Float64Array.from(values, (_, k) => k),
  values: Float32Array.from(values),
});

test('a thinned curve keeps its ends and extremes, in order, and is no longer than asked', () => {
  const value = fc.oneof(fc.double({ min: -100, max: 100, noNaN: true }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 4, max: 60 }),
      (values, most) => {
        const whole = curve(values);
        const { steps, values: kept } = thinned(whole, most);
        assert.ok(steps.length <= Math.max(most, 4));
        assert.ok(steps.every((step, k) => k === 0 || step > steps[k - 1]!));
        assert.deepEqual([steps[0], steps.at(-1)], [0, values.length - 1]);
        assert.ok(steps.every((step, k) => Object.is(kept[k], whole.values[step])));
        const finite = [...whole.values].filter(Number.isFinite);
        if (finite.length === 0) return;
        assert.ok(kept.includes(Math.min(...finite)) && kept.includes(Math.max(...finite)));
      },
    ),
  );
});

test('a curve that is short enough is left as it is', () => {
  const whole = curve([3, 1, 2]);
  assert.equal(thinned(whole, 4), whole);
});

test('a run that has recorded nothing has no curves, and nothing is wrong with it', async (t) => {
  const directory = await temporaryFolder(t);
  const reader = new RunCurvesReader(directory);
  await reader.read();
  assert.deepEqual(reader.curves(100), { directory, series: {}, thinned: [], ends: {} });
});

test('a run is read once and then followed, with its last and its best points', async (t) => {
  const directory = await temporaryFolder(t);
  const writer = await EventWriter.open(directory, new Date(1_700_000_000_000));
  const append = (from: number, to: number) => {
    for (let step = from; step <= to; step++) {
      writer.append(step, 0, { loss: Math.abs(step - 300), other: Number.NaN });
    }
  };
  append(1, 400);
  await writer.flush();
  const reader = new RunCurvesReader(directory);
  await reader.read();
  const { ends, thinned: some, series } = reader.curves(50);
  assert.deepEqual(ends['loss'], {
    last: { step: 400, value: 100 },
    lowest: { step: 300, value: 0 },
    highest: { step: 1, value: 299 },
  });
  assert.deepEqual(ends['other'], { last: { step: 400, value: Number.NaN } });
  assert.deepEqual(some, ['loss', 'other']);
  assert.ok(series['loss']!.steps.length <= 50 && series['loss']!.steps.includes(300));
  assert.deepEqual(reader.curves(400).thinned, []);

  append(401, 700);
  await writer.close();
  await reader.read();
  assert.deepEqual(reader.curves(50).ends['loss']?.last, { step: 700, value: 400 });
  assert.deepEqual(reader.curves(50).ends['loss']?.highest, { step: 700, value: 400 });
});
